/** What a pipeline can be exported as. */
export const FORMATS = ['svg', 'png', 'mermaid', 'python'] as const;
export type Format = (typeof FORMATS)[number];
