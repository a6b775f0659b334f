// Pointer, wheel and fingers: one paints, the middle button or space pans, two fingers pan and zoom.

const PER_NOTCH = 1.0015; // of the wheel, to the power of the pixels that it was turned

export class Gestures {
  constructor(surface, canvas) {
    this.surface = surface;
    this.canvas = canvas;
    this.fingers = new Map();
    this.pans = null; // the last place of a pointer that pans
    this.paints = null; // the id of the pointer that paints
    this.holdsSpace = false;
    this._listeners = new AbortController();
    const on = (target, type, act, options = {}) =>
      target.addEventListener(type, act, { signal: this._listeners.signal, ...options });
    on(canvas, "pointerdown", (event) => this._down(event));
    on(canvas, "pointermove", (event) => this._move(event));
    on(canvas, "pointerup", (event) => this._up(event));
    on(canvas, "pointercancel", (event) => this._cancel(event));
    on(canvas, "pointerleave", () => this.surface.leave());
    on(canvas, "contextmenu", (event) => event.preventDefault());
    on(canvas, "wheel", (event) => this._wheel(event), { passive: false });
    on(window, "blur", () => this.holdSpace(false));
  }

  destroy() {
    this._listeners.abort();
  }

  holdSpace(held) {
    this.holdsSpace = held;
    this.canvas.classList.toggle("is-panning", held || this.surface.tool === "pan");
  }

  _down(event) {
    if (event.button > 2) return;
    event.preventDefault();
    this.surface.element.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const place = this._place(event);
    if (event.pointerType === "touch") {
      this.fingers.set(event.pointerId, place);
      if (this.fingers.size === 2) {
        this.surface.abandon();
        this.paints = null;
        this.pans = null;
        return;
      }
      if (this.fingers.size > 2) return;
    }
    if (event.button === 1 || this.holdsSpace || this.surface.tool === "pan") {
      this.pans = place;
      return;
    }
    this.paints = event.pointerId;
    const pressed = event.pointerType === "pen";
    this.surface.begin(...place, event.pressure || 0.5, pressed, event.button === 2 || isEraserOfPen(event));
  }

  _move(event) {
    const place = this._place(event);
    this.surface.hover(...place);
    if (this.fingers.size === 2 && this.fingers.has(event.pointerId)) {
      this._pinch(event.pointerId, place);
    } else if (this.pans) {
      this.surface.pan(place[0] - this.pans[0], place[1] - this.pans[1]);
      this.pans = place;
    } else if (event.pointerId === this.paints) {
      const all = event.getCoalescedEvents?.() ?? [];
      this.surface.move((all.length ? all : [event]).map((one) => [...this._place(one), one.pressure || 0.5]));
    }
  }

  _pinch(id, place) {
    const [other] = [...this.fingers].filter(([key]) => key !== id).map(([, value]) => value);
    const before = this.fingers.get(id);
    this.fingers.set(id, place);
    const [was, is] = [distance(before, other), distance(place, other)];
    this.surface.pan((place[0] - before[0]) / 2, (place[1] - before[1]) / 2);
    if (was > 0) this.surface.zoom(is / was, (place[0] + other[0]) / 2, (place[1] + other[1]) / 2);
  }

  _up(event) {
    this.fingers.delete(event.pointerId);
    this.pans = null;
    if (event.pointerId !== this.paints) return;
    this.paints = null;
    this.surface.end();
  }

  _cancel(event) {
    this.fingers.delete(event.pointerId);
    this.pans = null;
    if (event.pointerId === this.paints) this.surface.abandon();
    this.paints = null;
  }

  _wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === 1 ? 16 : 1;
    this.surface.zoom(PER_NOTCH ** (-event.deltaY * lines), ...this._place(event));
  }

  // In the canvas's pixels.
  _place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * this.surface.ratio, (event.clientY - box.top) * this.surface.ratio];
  }
}

function isEraserOfPen(event) {
  return event.pointerType === "pen" && (event.buttons & 32) !== 0;
}

function distance([x, y], [otherX, otherY]) {
  return Math.hypot(x - otherX, y - otherY);
}
