// Packages that are published as ES modules only.
const esm = [
  '@codemirror',
  '@jupyter',
  '@jupyterlab',
  '@microsoft',
  '@rjsf',
  'exenv-es6',
  'lib0',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'yjs'
].join('|');

module.exports = {
  testEnvironment: 'jsdom',
  testMatch: ['<rootDir>/src/**/__tests__/*.spec.ts?(x)'],
  moduleFileExtensions: ['ts', 'tsx', 'js', 'json'],
  // Elsewhere are packages with our own name: the built extension, and its copy in the environment.
  roots: ['<rootDir>/src'],
  moduleNameMapper: { '\\.(css|svg)$': '<rootDir>/src/__tests__/empty.js' },
  setupFiles: ['<rootDir>/src/__tests__/setup.js'],
  transform: {
    '\\.(t|j)sx?$': [
      '@swc/jest',
      {
        // transform-block-scoping turns const into var: ui-components imports itself in a circle.
        env: { targets: { node: 20 }, include: ['transform-block-scoping'] },
        jsc: { transform: { react: { runtime: 'classic' } } },
        module: { type: 'commonjs' }
      }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esm}))`]
};
