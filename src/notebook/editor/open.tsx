import { ReactWidget } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';
import * as React from 'react';

import type { IPipelineModel, IPolicy } from '../../tokens';
import { Popover } from '../../ui/popover';
import { Editor, type IEditorProps } from './editor';
import { type INameFormProps, NameForm } from './name-form';

/** Where the editors of a notebook stand, and to whom the focus goes back. */
interface IOpening {
  model: IPipelineModel;
  anchor: Element;
  trans: TranslationBundle;
}

/** The editor of a cell, beside it. */
export function openEditor({
  model,
  anchor,
  policy,
  trans,
  cell
}: IOpening & { cell: Cell; policy: IPolicy }): void {
  let changed = false;
  show(model, cell, {
    anchor,
    label: trans.__('Cell in the pipeline'),
    mayClose: () => !changed,
    body: close => (
      <Editor
        model={model}
        cell={cell.model.id}
        policy={policy}
        trans={trans}
        focus={true}
        done={close}
        dirty={is => (changed = is)}
      />
    )
  });
}

/** The editor of a cell as a part of something else. */
export function makeEditor(props: Pick<IEditorProps, 'model' | 'cell' | 'policy' | 'trans'>): Widget {
  return ReactWidget.create(<Editor {...props} focus={false} done={() => undefined} />);
}

/** A form that asks for the name of a step. */
export function openNameForm({ anchor, ...props }: IOpening & Omit<INameFormProps, 'done'>): void {
  show(props.model, null, {
    anchor,
    label: props.title,
    body: close => <NameForm {...props} done={close} />
  });
}

/** A popover that closes with its notebook or cell, and gives the focus back to the notebook. */
function show(
  model: IPipelineModel,
  cell: Cell | null,
  options: Omit<ConstructorParameters<typeof Popover>[0], 'closed'>
): void {
  const { content } = model.panel;
  const owner = cell ?? content;
  const gone = () => popover.dispose();
  const popover = new Popover({
    ...options,
    closed: () => {
      owner.disposed.disconnect(gone);
      if (!content.isDisposed && document.activeElement === document.body) {
        content.activate();
      }
    }
  });
  owner.disposed.connect(gone);
  popover.open();
}
