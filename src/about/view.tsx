import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { About as IAbout } from '../api/schema';
import { explain } from '../ui/explain';

/** The versions as pairs of a label and a value, in the order in which they are shown. */
export function facts(about: IAbout, trans: TranslationBundle): [string, string][] {
  return [
    [trans.__('kfjlab'), about.version],
    [trans.__('Python'), `${about.implementation} ${about.python}`],
    [trans.__('Interpreter'), about.executable],
    [trans.__('System'), about.platform],
    [trans.__('Jupyter Server'), about.jupyter_server],
    [trans.__('Kernels'), kernels(about, trans)]
  ];
}

function kernels(about: IAbout, trans: TranslationBundle): string {
  if (about.kernels.length === 0) {
    return trans.__('none installed');
  }
  return about.kernels
    .map(kernel =>
      kernel.name === about.default_kernel
        ? trans.__('%1 (default)', kernel.display_name)
        : kernel.display_name
    )
    .join(', ');
}

type State = { is: 'loading' } | { is: 'shown'; about: IAbout } | { is: 'failed'; error: unknown };

export interface IAboutProps {
  load: () => Promise<IAbout>;
  trans: TranslationBundle;
}

/** Facts about the server extension, or why there are none and what to do. */
export function About({ load, trans }: IAboutProps): React.JSX.Element {
  const [attempt, setAttempt] = React.useState(0);
  const [state, setState] = React.useState<State>({ is: 'loading' });

  React.useEffect(() => {
    let current = true;
    const show = (next: State) => {
      if (current) {
        setState(next);
      }
    };
    load().then(
      about => show({ is: 'shown', about }),
      (error: unknown) => show({ is: 'failed', error })
    );
    return () => {
      current = false;
    };
  }, [load, attempt]);

  if (state.is === 'loading') {
    return <p role="status">{trans.__('Asking the server…')}</p>;
  }
  if (state.is === 'failed') {
    const { what, todo, command } = explain(state.error, trans);
    const retry = () => {
      setState({ is: 'loading' });
      setAttempt(attempt + 1);
    };
    return (
      <div role="alert">
        <p>{what}</p>
        <p>{todo}</p>
        {command && <pre>{command}</pre>}
        <button className="jp-mod-styled" onClick={retry}>
          {trans.__('Try again')}
        </button>
      </div>
    );
  }
  return (
    <table>
      <tbody>
        {facts(state.about, trans).map(([label, value]) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
