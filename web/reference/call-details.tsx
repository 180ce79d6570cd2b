// One call of the API: a line, and what it takes and gives when that is opened.

import type { Call, Schema } from './document.ts';
import { boundsOf, schemaText } from './schema-text.ts';

export function CallDetails({ call: { method, path, operation } }: { call: Call }) {
  const { summary, description, parameters, requestBody, responses } = operation;
  return (
    <details class="call">
      <summary>
        <span class="call-method mono">{method}</span>
        <span class="call-path mono">{path}</span>
        <span class="call-summary quiet">{summary}</span>
      </summary>
      <div class="call-parts">
        <p class="small quiet">{description}</p>
        {parameters.length > 0 && (
          <ul class="call-words small">
            {parameters.map(({ name, in: place, required, schema }) => (
              <li key={name}>
                <span class="mono">
                  {name}
                  {required ? '' : '?'}: {schemaText(schema)}
                </span>{' '}
                <span class="quiet">
                  in the {place}
                  {boundsOf(schema) === '' ? '' : `, ${boundsOf(schema)}`}
                  {schema.description === undefined ? '' : `: ${schema.description}`}
                </span>
              </li>
            ))}
          </ul>
        )}
        {requestBody !== undefined && (
          <Body title={requestBody.required ? 'Takes' : 'May take'} content={requestBody.content} />
        )}
        <Body title="Answers" content={responses['2XX'].content} />
      </div>
    </details>
  );
}

function Body({ title, content }: { title: string; content: Record<string, { schema?: Schema }> }) {
  return (
    <>
      {Object.entries(content).map(([type, { schema }]) => (
        <div key={type}>
          <h3 class="small">
            {title} <span class="quiet">{type}</span>
          </h3>
          {schema !== undefined && (
            <pre class="mono call-schema" tabIndex={0}>
              {schemaText(schema)}
            </pre>
          )}
        </div>
      ))}
    </>
  );
}
