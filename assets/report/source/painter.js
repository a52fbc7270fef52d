// Discs for points: WebGL 2 where there is one, a plain canvas elsewhere.

const VERTEX = `#version 300 es
in vec2 place;
in vec4 color;
uniform vec2 scale;
uniform vec2 shift;
uniform float size;
out vec4 shade;
void main() {
  gl_Position = vec4(place * scale + shift, 0.0, 1.0);
  gl_PointSize = color.a > 0.0 ? size : 0.0;
  if (color.a == 0.0) gl_Position = vec4(9.0, 9.0, 9.0, 1.0);
  shade = color;
}`;

const FRAGMENT = `#version 300 es
precision highp float;
in vec4 shade;
uniform float size;
out vec4 pixel;
void main() {
  float edge = size * (0.5 - length(gl_PointCoord - 0.5));
  float alpha = shade.a * clamp(edge + 0.3, 0.0, 1.0);
  if (alpha <= 0.0) discard;
  pixel = vec4(shade.rgb * alpha, alpha);
}`;

// While the map moves, of more points than this only every second, third, … is drawn; fewer where that is still slow.
const MOST_WHILE_MOVING = 150_000;
const LEAST_WHILE_MOVING = 20_000;

export function createPainter(canvas, xy, count) {
  const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: true });
  if (gl) return webgl(gl, xy, count);
  return plain(canvas.getContext("2d"), xy, count);
}

function webgl(gl, xy, count) {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) console.error("the map's shaders do not link", gl.getProgramInfoLog(program));
  gl.useProgram(program);
  const at = (name) => gl.getUniformLocation(program, name);
  const [scale, shift, size] = [at("scale"), at("shift"), at("size")];

  const places = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, places);
  gl.bufferData(gl.ARRAY_BUFFER, xy, gl.STATIC_DRAW);
  const place = gl.getAttribLocation(program, "place");
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, 2, gl.FLOAT, false, 0, 0);

  const shades = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, shades);
  const color = gl.getAttribLocation(program, "color");
  gl.enableVertexAttribArray(color);
  gl.vertexAttribPointer(color, 4, gl.UNSIGNED_BYTE, true, 0, 0);

  const orders = gl.createBuffer();
  const sparseOrders = gl.createBuffer();
  let every = Math.ceil(count / MOST_WHILE_MOVING);
  let sparseCount = 0;
  let shown = null;
  let drawn = null;

  function thin() {
    const sparse = drawn.filter((_, at) => at % every === 0);
    sparseCount = sparse.length;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, sparseOrders);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, sparse, gl.STATIC_DRAW);
  }

  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  gl.clearColor(0, 0, 0, 0);

  return {
    kind: "webgl2",
    color(colors, order) {
      gl.bindBuffer(gl.ARRAY_BUFFER, shades);
      gl.bufferData(gl.ARRAY_BUFFER, colors, gl.DYNAMIC_DRAW);
      if (order !== shown || !order) {
        gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, orders);
        drawn = order ?? Uint32Array.from({ length: count }, (_, i) => i);
        gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, drawn, gl.STATIC_DRAW);
        if (every > 1) thin();
        shown = order;
      }
    },
    // Frames come too slowly: draw half as many points while the map moves.
    hurry() {
      if (count / every < 2 * LEAST_WHILE_MOVING || !drawn) return;
      every *= 2;
      thin();
    },
    draw({ transform, width, height, side, radius, ratio, moving }) {
      const sparse = moving && every > 1;
      gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, sparse ? sparseOrders : orders);
      gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
      gl.clear(gl.COLOR_BUFFER_BIT);
      const k = transform.k;
      gl.uniform2f(scale, (k * side) / width, (k * side) / height);
      gl.uniform2f(shift, k + (2 * transform.x) / width - 1, 1 - k - (2 * transform.y) / height);
      // fewer points, a little larger, so that the map does not fade while it moves
      gl.uniform1f(size, Math.max(1, 2 * radius * ratio * (sparse ? Math.min(2, every ** 0.25) : 1)));
      gl.drawElements(gl.POINTS, sparse ? sparseCount : count, gl.UNSIGNED_INT, 0);
    },
  };
}

function plain(context, xy, count) {
  let colors = null;
  let order = null;
  return {
    kind: "canvas",
    hurry() {},
    color(newColors, newOrder) {
      [colors, order] = [newColors, newOrder];
    },
    draw({ transform, width, height, side, radius, ratio }) {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      if (!colors) return;
      for (let at = 0; at < count; at++) {
        const i = order ? order[at] : at;
        const alpha = colors[4 * i + 3];
        if (!alpha) continue;
        const x = transform.applyX(width / 2 + (xy[2 * i] * side) / 2);
        const y = transform.applyY(height / 2 - (xy[2 * i + 1] * side) / 2);
        if (x < -radius || y < -radius || x > width + radius || y > height + radius) continue;
        context.fillStyle = `rgba(${colors[4 * i]},${colors[4 * i + 1]},${colors[4 * i + 2]},${alpha / 255})`;
        context.beginPath();
        context.arc(x, y, radius, 0, 7);
        context.fill();
      }
    },
  };
}
