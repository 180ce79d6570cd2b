// Types by which a table of routes becomes the types of its calls, handlers and client. Holds no values.

import type { Static, TSchema } from 'typebox';

export interface RouteShapes {
  params?: TSchema;
  query?: TSchema;
  body?: TSchema;
  /** Of a successful JSON reply; absent when the reply is not JSON. */
  reply?: TSchema;
}

type Part<R, P extends keyof RouteShapes> = R extends Record<P, infer S extends TSchema> ? Static<S> : undefined;

export type ParamsFor<R> = Part<R, 'params'>;
export type QueryFor<R> = Part<R, 'query'>;
export type BodyFor<R> = Part<R, 'body'>;
/** What a successful reply carries; bytes when the reply is not JSON. */
export type ReplyFor<R> = R extends { reply: infer S extends TSchema } ? Static<S> : Uint8Array;

type Given<Name extends string, T> = T extends undefined
  ? { [K in Name]?: undefined }
  : null extends T
    ? { [K in Name]?: T }
    : Record<string, never> extends T
      ? { [K in Name]?: T }
      : { [K in Name]: T };

/** What one call takes: path parameters, query and body as the route has them. */
export type InputFor<R> = Given<'params', ParamsFor<R>> &
  Given<'query', QueryFor<R>> &
  Given<'body', BodyFor<R>> & { signal?: AbortSignal };

/** A function for each route, and the base URL they call. */
export type ClientFor<Routes> = {
  readonly [K in keyof Routes]: (input: InputFor<Routes[K]>) => Promise<ReplyFor<Routes[K]>>;
} & { readonly url: string };
