import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';

export interface IPageKind<A extends ReadonlyPartialJSONObject, W extends Widget> {
  /** The command that opens such a page, which restores it too. */
  readonly command: string;
  /** Tells pages of this kind apart: an id of the document. */
  id(args: A): string;
  create(args: A): Promise<W>;
  /** Call `changed` when the page shows something else of the same document, with the arguments that would show that. */
  follow?(content: W, changed: (args: A) => void): void;
}

/** Pages of one kind in the main area: opened once each, restored when JupyterLab is loaded again. */
export class Pages<A extends ReadonlyPartialJSONObject, W extends Widget = Widget> {
  constructor(
    private readonly app: JupyterFrontEnd,
    restorer: ILayoutRestorer | null,
    private readonly kind: IPageKind<A, W>
  ) {
    this.tracker = new WidgetTracker<MainAreaWidget<W>>({ namespace: kind.command.replace(':', '-') });
    void restorer?.restore(this.tracker, {
      command: kind.command,
      args: page => this.args.get(page) ?? {},
      name: page => page.id
    });
  }

  /** Show the page for these arguments. */
  async open(args: A): Promise<MainAreaWidget<W>> {
    const id = this.kind.id(args);
    let page = this.tracker.find(open => open.id === id);
    if (!page) {
      const content = await this.kind.create(args);
      page = this.tracker.find(open => open.id === id);
      if (page) {
        content.dispose(); // asked for twice before it was there
      } else {
        const placed = (page = this.place(id, content));
        this.kind.follow?.(content, now => this.remember(placed, now));
      }
    }
    this.remember(page, args);
    this.app.shell.activateById(page.id);
    return page;
  }

  private remember(page: MainAreaWidget<W>, args: A): void {
    this.args.set(page, args);
    void this.tracker.save(page);
  }

  private place(id: string, content: W): MainAreaWidget<W> {
    const page = new MainAreaWidget<W>({ content });
    page.id = id;
    page.toolbar.hide(); // an empty line otherwise
    page.title.closable = true;
    this.app.shell.add(page, 'main');
    void this.tracker.add(page);
    return page;
  }

  private readonly tracker: WidgetTracker<MainAreaWidget<W>>;
  private readonly args = new WeakMap<Widget, A>();
}
