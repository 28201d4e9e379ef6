import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { IPipelineModel, IPipelines } from '../tokens';
import { severityNode, worst } from '../ui/severity';

/** "5 steps · 1 problem": a button that goes to the next problem. Not there for notebooks that nobody has tagged. */
export class Status extends Widget {
  private readonly button = document.createElement('button');
  private readonly _activeStateChanged = new Signal<this, void>(this);
  private model: IPipelineModel | null = null;

  constructor(
    pipelines: IPipelines,
    next: () => void,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('kfj-Status');
    this.button.type = 'button';
    this.button.addEventListener('click', next);
    this.node.append(this.button);
    pipelines.currentChanged.connect((_, model) => this.follow(model));
    this.follow(pipelines.current);
  }

  get activeStateChanged(): ISignal<this, void> {
    return this._activeStateChanged;
  }

  get isActive(): boolean {
    const view = this.model?.view ?? null;
    return view !== null && !view.untagged && view.steps.length + view.problems.length > 0;
  }

  private follow(model: IPipelineModel | null): void {
    this.model?.changed.disconnect(this.refresh, this);
    this.model = model;
    this.model?.changed.connect(this.refresh, this);
    this.refresh();
  }

  private refresh(): void {
    const { trans } = this;
    const view = this.model?.view;
    if (view) {
      const problems = view.problems.filter(problem => problem.severity !== 'info');
      const count = view.steps.length;
      const steps = trans._n('%1 step', '%1 steps', count);
      const wrong =
        problems.length > 0
          ? trans._n('%1 problem', '%1 problems', problems.length)
          : trans.__('no problems');
      const severity = worst(problems);
      this.button.replaceChildren(...(severity ? [severityNode(severity)] : []), `${steps} · ${wrong}`);
      this.button.title =
        problems.length > 0
          ? trans.__('Pipeline of this notebook: go to the next problem')
          : trans.__('Pipeline of this notebook');
    }
    this._activeStateChanged.emit();
  }
}
