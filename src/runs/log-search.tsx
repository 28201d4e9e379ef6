import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Client } from '../api/client';
import type * as schema from '../api/schema';
import { Problem } from '../ui/message';
import { spansOf } from './ansi';
import type { LogModel } from './log-model';

/** Milliseconds after a keystroke until it is searched for. */
const TYPING = 300;

interface IFound {
  /** What was searched for. */
  readonly text: string;
  readonly matches: readonly schema.LogMatch[];
  readonly next: Pick<schema.LogMatches, 'next' | 'next_line'>;
  readonly error: unknown;
}

const NOTHING: IFound = { text: '', matches: [], next: { next: null, next_line: null }, error: null };

/** Lines of the whole log, not only of what is loaded, that have a text; choosing one goes there. */
export function LogSearch({
  log,
  client,
  trans
}: {
  log: LogModel;
  client: Client;
  trans: TranslationBundle;
}): React.JSX.Element {
  const [text, setText] = React.useState('');
  const [found, setFound] = React.useState<IFound>(NOTHING);
  React.useEffect(() => {
    let current = true;
    const look = async () => {
      const answer = text ? await searched(client, log, text, NOTHING) : NOTHING;
      if (current) {
        setFound(answer);
      }
    };
    const timer = setTimeout(() => void look(), text ? TYPING : 0);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [client, log, text]);

  const more = async () => {
    const answer = await searched(client, log, text, found);
    setFound(now => (now === found ? answer : now)); // typed on meanwhile: of no use
  };
  return (
    <>
      <input
        type="search"
        className="jp-mod-styled"
        placeholder={trans.__('Search the whole log')}
        aria-label={trans.__('Search the log')}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <a className="kfj-Link" href={client.logUrl(log.run, log.step)} download>
        {trans.__('Download')}
      </a>
      {text !== '' && found.text === text && (
        <div className="kfj-Log-found">
          {found.error !== null && <Problem error={found.error} trans={trans} />}
          <p className="kfj-Quiet" role="status">
            {found.next.next === null
              ? trans._n('%1 line found', '%1 lines found', found.matches.length)
              : trans.__('The first %1 lines found', found.matches.length)}
          </p>
          <ul>
            {found.matches.map(match => (
              <li key={match.offset}>
                <button className="kfj-Link" onClick={() => void log.show(match.offset)}>
                  <span className="kfj-Quiet">{match.line}</span>{' '}
                  {spansOf(match.text)
                    .map(span => span.text)
                    .join('')}
                </button>
              </li>
            ))}
          </ul>
          {found.next.next !== null && (
            <button className="jp-mod-styled" onClick={() => void more()}>
              {trans.__('Find more')}
            </button>
          )}
        </div>
      )}
    </>
  );
}

/** What is found behind that which was found before. */
async function searched(client: Client, log: LogModel, text: string, before: IFound): Promise<IFound> {
  const { next, next_line } = before.next;
  try {
    const answer = await client.searchLog(log.run, {
      step: log.step,
      text,
      ...(next === null ? {} : { after: next, line: next_line ?? 1 })
    });
    return { text, matches: [...before.matches, ...answer.matches], next: answer, error: null };
  } catch (error) {
    return { ...before, text, error };
  }
}
