import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

/** A Lumino widget inside of React. It is taken out, not disposed of, when the component goes. */
export function Hosted({ widget }: { widget: Widget }): React.JSX.Element {
  const host = React.useRef<HTMLDivElement>(null);
  React.useLayoutEffect(() => {
    const element = host.current;
    if (!element) {
      return undefined;
    }
    Widget.attach(widget, element);
    const observer = new ResizeObserver(() =>
      MessageLoop.postMessage(widget, Widget.ResizeMessage.UnknownSize)
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      if (widget.isAttached) {
        Widget.detach(widget);
      }
    };
  }, [widget]);
  return <div ref={host} className="kfj-Hosted" />;
}
