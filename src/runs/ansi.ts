/* eslint-disable no-control-regex -- this is about control characters */

/** A piece of a line, with the CSS classes (JupyterLab's own) of its colours. */
export interface ISpan {
  readonly text: string;
  readonly classes: string;
}

const COLORS = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
/** Escape sequences: of colours (SGR), others with parameters, those that set titles and links, and short ones. */

const ESCAPE =
  /\x1b\[([0-9;:]*)m|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?/g;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** One line of a terminal's output: colours become classes; whatever else a terminal would obey is left out. */
export function spansOf(line: string): ISpan[] {
  const shown = overwritten(line);
  if (!shown.includes('\x1b')) {
    const text = shown.replace(CONTROL, '');
    return text ? [{ text, classes: '' }] : [];
  }
  const spans: ISpan[] = [];
  const style = new Style();
  let end = 0;
  const add = (text: string) => {
    const clean = text.replace(CONTROL, '');
    if (clean) {
      spans.push({ text: clean, classes: style.classes });
    }
  };
  for (const match of shown.matchAll(ESCAPE)) {
    add(shown.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[1] !== undefined) {
      style.take(match[1]);
    }
  }
  add(shown.slice(end));
  return spans;
}

/** What a line ends up as after a carriage return lets a progress bar write over itself. */
function overwritten(line: string): string {
  const written = line.replace(/\r+$/, '');
  return written.slice(written.lastIndexOf('\r') + 1);
}

class Style {
  get classes(): string {
    return [
      this.foreground && `ansi-${this.foreground}-fg`,
      this.background && `ansi-${this.background}-bg`,
      this.bold && 'ansi-bold',
      this.underline && 'ansi-underline',
      this.inverse && 'ansi-default-inverse-fg ansi-default-inverse-bg'
    ]
      .filter(Boolean)
      .join(' ');
  }

  take(parameters: string): void {
    const codes = parameters.split(/[;:]/).map(Number);
    for (let place = 0; place < codes.length; place++) {
      const code = codes[place] ?? 0;
      if (code === 38 || code === 48) {
        // 256 colours (5;n) or 24 bits (2;r;g;b): not shown, but their numbers mean nothing else
        place += codes[place + 1] === 5 ? 2 : codes[place + 1] === 2 ? 4 : 0;
      } else {
        this.set(code);
      }
    }
  }

  private set(code: number): void {
    const color = COLORS[code % 10];
    if (code === 0) {
      Object.assign(this, new Style());
    } else if (code === 1) {
      this.bold = true;
    } else if (code === 4) {
      this.underline = true;
    } else if (code === 7) {
      this.inverse = true;
    } else if (code === 22) {
      this.bold = false;
    } else if (code === 24) {
      this.underline = false;
    } else if (code === 27) {
      this.inverse = false;
    } else if (code >= 30 && code <= 37) {
      this.foreground = color;
    } else if (code === 39) {
      this.foreground = undefined;
    } else if (code >= 40 && code <= 47) {
      this.background = color;
    } else if (code === 49) {
      this.background = undefined;
    } else if (code >= 90 && code <= 97) {
      this.foreground = color && `${color}-intense`;
    } else if (code >= 100 && code <= 107) {
      this.background = color && `${color}-intense`;
    }
  }

  private foreground: string | undefined;
  private background: string | undefined;
  private bold = false;
  private underline = false;
  private inverse = false;
}
