// Takes the place of node-engines.ts in a bundle for browsers: a page registers engines of its own.
export {};
