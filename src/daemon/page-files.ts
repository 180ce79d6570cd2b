// What is said while the daemon's page is not built.

export const PAGE_MISSING = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shoal</title>
<h1>The page is not built yet</h1>
<p>In this checkout, run <code>npm run build:web</code> and load this address again; the daemon need not be restarted.</p>
<p>Its API and the command line (<code>shoal status</code>) work without it.</p>
</html>
`;
