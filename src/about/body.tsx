import { ReactWidget } from '@jupyterlab/apputils';
import * as React from 'react';
import { About, type IAboutProps } from './view';

/** {@link About} as the body of a dialog. */
export class AboutBody extends ReactWidget {
  constructor(private readonly props: IAboutProps) {
    super();
    this.addClass('kfj-About');
  }

  protected override render(): React.JSX.Element {
    return <About {...this.props} />;
  }
}
