import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { type ISignal } from '@lumino/signaling';
import * as React from 'react';

import type * as schema from '../api/schema';
import type { IStream } from '../api/stream';
import { LockableButton, LockNote } from '../ui/locked';
import { Lost } from '../ui/lost';
import { Empty, Loading, Problem } from '../ui/message';
import { useNow } from '../ui/now';
import { useSignal } from '../ui/signal';
import { useWindow } from '../ui/windowed';
import type { IServer } from '../tokens';
import type { RunActions } from './actions';
import { FilterBar } from './filter-bar';
import { ListModel, NO_FILTER } from './list-model';
import { buttonsOf, Row, type RowAction, ROW_HEIGHT, rowId } from './row';

/** The notebook that is in use: its path for the contents API. */
export interface ICurrentNotebook {
  readonly path: string | null;
  readonly changed: ISignal<unknown, unknown>;
}

export interface IListProps {
  model: ListModel;
  stream: IStream;
  actions: RunActions;
  current: ICurrentNotebook;
  trans: TranslationBundle;
}

export function createList({
  server,
  ...props
}: Omit<IListProps, 'model' | 'stream'> & { server: IServer }): RunsWidget {
  const { client, stream } = server;
  return new RunsWidget({ ...props, stream, model: new ListModel(client, stream) });
}

/** {@link RunsList} as a widget; disposes of its model. */
export class RunsWidget extends ReactWidget {
  constructor(private readonly props: IListProps) {
    super();
    this.addClass('kfj-Runs');
  }

  override dispose(): void {
    super.dispose();
    this.props.model.dispose();
  }

  protected override render(): React.JSX.Element {
    return <RunsList {...this.props} />;
  }
}

export function RunsList(props: IListProps): React.JSX.Element {
  const { model, actions, trans } = props;
  useSignal(model.changed);
  useSignal(actions.policy.changed);
  const { runs, error } = model;
  const locks = [actions.policy.whyOff('run'), actions.policy.whyOff('delete')].filter(why => why !== null);
  const note = React.useId();
  return (
    <>
      <FilterBar model={model} current={props.current} trans={trans} />
      <Lost stream={props.stream} trans={trans} />
      {model.selected.size > 0 && <SelectionBar {...props} />}
      {runs === null && !error && <Loading>{trans.__('Asking for the runs…')}</Loading>}
      {error !== null && <Problem error={error} trans={trans} retry={() => model.refresh()} />}
      {runs?.length === 0 && error === null && <NoRuns model={model} trans={trans} />}
      {runs !== null && runs.length > 0 && (
        <>
          <Rows
            runs={runs}
            model={model}
            actions={actions}
            trans={trans}
            note={locks.length ? note : undefined}
          />
          <p className="kfj-Runs-count" role="status">
            {trans._n('%1 run', '%1 runs', model.total)}
          </p>
          {locks.length > 0 && (
            <div id={note} className="kfj-Runs-locks">
              {locks.map(why => (
                <LockNote key={why} why={why} />
              ))}
            </div>
          )}
        </>
      )}
    </>
  );
}

function NoRuns({ model, trans }: Pick<IListProps, 'model' | 'trans'>): React.JSX.Element {
  const { text, states, notebook } = model.filter;
  if (!text.trim() && states.length === 0 && notebook === null) {
    return (
      <Empty title={trans.__('No runs yet')}>
        <p>{trans.__('Open a notebook and press Run in the Pipeline tab. Its runs are kept here.')}</p>
      </Empty>
    );
  }
  return (
    <Empty title={trans.__('No run fits')}>
      <button className="jp-mod-styled" onClick={() => model.setFilter(NO_FILTER)}>
        {trans.__('Show all runs')}
      </button>
    </Empty>
  );
}

function SelectionBar({ model, actions, trans }: IListProps): React.JSX.Element {
  const ids = [...model.selected];
  const chosen = (model.runs ?? []).filter(run => model.selected.has(run.id));
  return (
    <div className="kfj-Runs-selection">
      <span role="status">{trans._n('%1 selected', '%1 selected', ids.length)}</span>
      <button
        className="jp-mod-styled jp-mod-accept"
        disabled={ids.length < 2 || ids.length > 50}
        title={trans.__('Compare parameters and metrics of 2 to 50 runs')}
        onClick={() => actions.compare(ids)}
      >
        {trans.__('Compare')}
      </button>
      <LockableButton
        why={actions.policy.whyOff('delete')}
        className="jp-mod-styled"
        onClick={() => void erase(model, actions, chosen)}
      >
        {trans.__('Delete…')}
      </LockableButton>
      <button className="jp-mod-styled" onClick={() => model.clearSelection()}>
        {trans.__('Clear')}
      </button>
    </div>
  );
}

async function erase(
  model: ListModel,
  actions: RunActions,
  runs: readonly schema.RunSummary[]
): Promise<void> {
  for (const id of await actions.delete(runs)) {
    model.forget(id);
  }
}

function Rows({
  runs,
  model,
  actions,
  trans,
  note
}: Omit<IListProps, 'current' | 'stream'> & {
  runs: readonly schema.RunSummary[];
  /** The element that says what cannot be done with any run, if there is one. */
  note: string | undefined;
}): React.JSX.Element {
  const scroller = React.useRef<HTMLDivElement>(null);
  const now = useNow(runs.some(run => run.state === 'running') ? 1 : 30);
  const [activeId, setActive] = React.useState('');
  const { first, end, show } = useWindow(scroller, runs.length, ROW_HEIGHT);
  const active = Math.max(
    0,
    runs.findIndex(run => run.id === activeId)
  );

  React.useEffect(() => {
    if (model.more && end >= runs.length) {
      void model.loadMore();
    }
  }, [model, end, runs.length]);

  const act = (run: schema.RunSummary, action: RowAction) => {
    setActive(run.id);
    scroller.current?.focus(); // the button may go with what it does
    switch (action) {
      case 'resume':
        return void actions.resume(run.id);
      case 'cancel':
        return void actions.cancel(run.id);
      case 'clone':
        return void actions.clone(run);
      case 'delete':
        return void erase(model, actions, [run]);
    }
  };

  const go = (to: number) => {
    const run = runs[Math.max(0, Math.min(runs.length - 1, to))];
    if (run) {
      setActive(run.id);
      show(runs.indexOf(run));
    }
  };

  const pressed = (event: React.KeyboardEvent) => {
    const run = runs[active];
    const grid = scroller.current;
    if (!run || !grid) {
      return;
    }
    const buttons = buttonsOf(run.id);
    const place = buttons.findIndex(button => button === event.target);
    const page = Math.max(1, Math.floor(grid.clientHeight / ROW_HEIGHT) - 1);
    const down = (rows: number) => () => {
      grid.focus();
      go(active + rows);
    };
    const everywhere = { ArrowDown: down(1), ArrowUp: down(-1), PageDown: down(page), PageUp: down(-page) };
    const onRow = {
      ArrowRight: () => buttons[0]?.focus(),
      Home: () => go(0),
      End: () => go(runs.length - 1),
      Enter: () => actions.open(run.id),
      ' ': () => model.toggle(run.id),
      Delete: () => act(run, 'delete')
    };
    const onButton = {
      ArrowRight: () => buttons[place + 1]?.focus(),
      ArrowLeft: () => (buttons[place - 1] ?? grid).focus(),
      Escape: () => grid.focus()
    };
    if (place < 0 && event.target !== grid) {
      return;
    }
    const keys: Record<string, () => void> = { ...everywhere, ...(place < 0 ? onRow : onButton) };
    const action = keys[event.key];
    if (action) {
      event.preventDefault();
      event.stopPropagation();
      action();
    }
  };

  return (
    <div
      ref={scroller}
      className="kfj-Runs-rows"
      role="grid"
      tabIndex={0}
      aria-label={trans.__('Runs')}
      aria-describedby={note}
      aria-multiselectable
      aria-rowcount={model.total}
      aria-activedescendant={active >= first && active < end ? rowId(runs[active]?.id ?? '') : undefined}
      onKeyDown={pressed}
    >
      <div role="rowgroup" style={{ height: runs.length * ROW_HEIGHT }}>
        {runs.slice(first, end).map((run, place) => (
          <Row
            key={run.id}
            run={run}
            index={first + place}
            active={first + place === active}
            selected={model.selected.has(run.id)}
            now={now}
            policy={actions.policy}
            trans={trans}
            onOpen={() => {
              setActive(run.id);
              actions.open(run.id);
            }}
            onToggle={() => model.toggle(run.id)}
            onAct={action => act(run, action)}
          />
        ))}
      </div>
    </div>
  );
}
