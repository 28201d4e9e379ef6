import js from '@eslint/js';
import jupyter from '@jupyter/eslint-plugin';
import hooks from 'eslint-plugin-react-hooks';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig([
  { ignores: ['lib', 'kfjlab/labextension', '**/*.js', 'ui-tests'] },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  { plugins: { jupyter } },
  jupyter.configs.recommended,
  hooks.configs.flat['recommended-latest'] ?? hooks.configs.flat.recommended,
  {
    files: ['src/**/*.{ts,tsx}'],
    languageOptions: { parserOptions: { project: ['tsconfig.json', 'tsconfig.test.json'] } },
    rules: {
      curly: 'error',
      eqeqeq: 'error',
      // The server's client is needed at once, by every room.
      'jupyter/prefer-lazy-imports': ['warn', { ignoreImports: ['../api/client', '../api/stream'] }],
      '@typescript-eslint/unbound-method': 'off' // Lumino's signals take methods with their object beside them
    }
  },
  {
    files: ['src/**/__tests__/**'],
    rules: { '@typescript-eslint/require-await': 'off' } // React's act() waits for effects only when given an async function
  }
]);
