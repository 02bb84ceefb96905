// A canvas of one's own on a Leaflet map: moved and scaled with it, redrawn when it comes to rest.
// L.Renderer does the moving; a subclass says what to draw in `draw(context, project)`.

export const CanvasLayer = L.Renderer.extend({
  options: { padding: 0.15 },

  _initContainer() {
    this._container = document.createElement("canvas");
    this._container.className = "map-canvas";
    this._context = this._container.getContext("2d");
  },

  _destroyContainer() {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
    this._container.remove();
    delete this._container;
    delete this._context;
  },

  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const { _bounds: bounds, _container: canvas } = this;
    const size = bounds.getSize();
    const sharp = window.devicePixelRatio || 1;
    L.DomUtil.setPosition(canvas, bounds.min);
    canvas.width = Math.round(size.x * sharp);
    canvas.height = Math.round(size.y * sharp);
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    this._paint();
  },

  // L.Renderer calls these for vector layers, of which there are none here.
  _updatePaths() {},

  /** Draw again before the next frame. */
  redraw() {
    if (!this._map || this._frame) return;
    this._frame = requestAnimationFrame(() => {
      this._frame = 0;
      if (this._map && !this._map._animatingZoom) this._paint();
    });
  },

  _paint() {
    const sharp = window.devicePixelRatio || 1;
    const context = this._context;
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.clearRect(0, 0, this._container.width, this._container.height);
    context.translate(-this._bounds.min.x, -this._bounds.min.y);
    this.draw(context, (lon, lat) => this._map.latLngToLayerPoint([lat, lon]), this._bounds);
  },

  draw() {},
});
