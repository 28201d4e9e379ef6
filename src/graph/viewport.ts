import type { IBox, IPoint } from './layout';

/** How the drawing is placed in its frame: a point p of it is at `scale * p + (x, y)`. */
export interface IView extends IPoint {
  readonly scale: number;
}

export interface ISize {
  readonly width: number;
  readonly height: number;
}

const SMALLEST = 0.05;
const LARGEST = 3;
/** Text is still readable at this scale. */
const READABLE = 0.6;
/** Pixels between the drawing and the edge of its frame. */
const MARGIN = 8;

/** The whole drawing, centred, not larger than it is. */
export function fitted(drawing: ISize, frame: ISize): IView {
  const room = { width: frame.width - 2 * MARGIN, height: frame.height - 2 * MARGIN };
  return centred(drawing, frame, Math.min(1, room.width / drawing.width, room.height / drawing.height));
}

/** Where to begin: the whole drawing if it can be read then, else its first steps. */
export function first(drawing: ISize, frame: ISize): IView {
  const whole = fitted(drawing, frame);
  if (whole.scale >= READABLE) {
    return whole;
  }
  const scale = clamp((frame.width - 2 * MARGIN) / drawing.width, READABLE, 1);
  const view = centred(drawing, frame, scale);
  return { scale, x: view.x, y: Math.max(view.y, MARGIN) };
}

function centred(drawing: ISize, frame: ISize, wanted: number): IView {
  const scale = Number.isFinite(wanted) && wanted > 0 ? clamp(wanted, SMALLEST, LARGEST) : 1;
  return {
    scale,
    x: (frame.width - drawing.width * scale) / 2,
    y: (frame.height - drawing.height * scale) / 2
  };
}

/** Larger by `factor`, with the point of the frame `at` staying where it is. */
export function zoomed(view: IView, factor: number, at: IPoint): IView {
  const scale = clamp(view.scale * factor, SMALLEST, LARGEST);
  const real = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * real, y: at.y - (at.y - view.y) * real };
}

export function moved(view: IView, x: number, y: number): IView {
  return { ...view, x: view.x + x, y: view.y + y };
}

/** Moved as little as needed to show a box whole (its beginning, when it is larger than the frame). */
export function showing(view: IView, box: IBox, frame: ISize, margin = 12): IView {
  return {
    ...view,
    x: view.x + inward(view.x + box.x * view.scale, box.width * view.scale, frame.width, margin),
    y: view.y + inward(view.y + box.y * view.scale, box.height * view.scale, frame.height, margin)
  };
}

function inward(start: number, length: number, room: number, margin: number): number {
  if (start < margin || length + 2 * margin > room) {
    return start < margin || start > room - margin ? margin - start : 0;
  }
  return Math.min(0, room - margin - (start + length));
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
