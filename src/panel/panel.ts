import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { PanelLayout, Widget } from '@lumino/widgets';

import { pipelineIcon } from '../ui/icons';

/** The panel of the left bar. Its contents are loaded when it is shown for the first time. */
export class KubeflowPanel extends Widget {
  constructor(
    private readonly load: () => Promise<Widget>,
    trans: TranslationBundle
  ) {
    super();
    this.id = 'kfjlab-panel';
    this.addClass('kfj-Panel');
    this.title.icon = pipelineIcon;
    this.title.caption = trans.__('Kubeflow: pipeline and runs');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Kubeflow'));
    this.layout = new PanelLayout();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.fill();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this.fill();
    }
  }

  private fill(): void {
    if (!this.filled) {
      this.filled = true;
      void this.load().then(body => (this.layout as PanelLayout).addWidget(body));
    }
  }

  private filled = false;
}
