// Where a picture lies on the screen: how large, and how far from the corner.

const MOST = 64; // screen pixels to one of the picture
const LEAST_SIDE = 24; // screen pixels that a picture keeps when it is zoomed out

export class Viewport {
  constructor() {
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.fitted = true; // follows the screen's size until somebody zooms or pans
  }

  // The whole picture in the middle. All sides in pixels, margin on each side of the screen.
  fit(width, height, screenWidth, screenHeight, margin) {
    const [freeWidth, freeHeight] = [Math.max(1, screenWidth - 2 * margin), Math.max(1, screenHeight - 2 * margin)];
    this.scale = Math.min(freeWidth / width, freeHeight / height, MOST);
    this.x = (screenWidth - width * this.scale) / 2;
    this.y = (screenHeight - height * this.scale) / 2;
    this.fitted = true;
  }

  // Larger by a factor, while the point of the screen stays over the same point of the picture.
  zoom(factor, x, y, width, height) {
    const least = LEAST_SIDE / Math.max(width, height);
    const scale = Math.min(MOST, Math.max(least, this.scale * factor));
    const [pictureX, pictureY] = this.toPicture(x, y);
    this.scale = scale;
    this.x = x - pictureX * scale;
    this.y = y - pictureY * scale;
    this.fitted = false;
  }

  pan(x, y) {
    this.x += x;
    this.y += y;
    this.fitted = false;
  }

  toPicture(x, y) {
    return [(x - this.x) / this.scale, (y - this.y) / this.scale];
  }

  // A context draws in the picture's pixels from now on.
  on(context) {
    context.setTransform(this.scale, 0, 0, this.scale, this.x, this.y);
  }
}
