import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Problem } from './message';

interface IProps {
  trans: TranslationBundle;
  children: React.ReactNode;
}

/** Shows what went wrong where a part of a page cannot be drawn, and leaves the rest of the page alone. */
export class Boundary extends React.Component<IProps, { error: unknown; failed: boolean }> {
  override state = { error: null as unknown, failed: false };

  static getDerivedStateFromError(error: unknown): { error: unknown; failed: boolean } {
    return { error, failed: true };
  }

  override render(): React.ReactNode {
    const { trans, children } = this.props;
    return this.state.failed ? (
      <Problem
        error={this.state.error}
        trans={trans}
        retry={() => this.setState({ error: null, failed: false })}
      />
    ) : (
      children
    );
  }
}
