// What the report can do in a browser beyond being read. Everything here adds to a page that is
// complete without it.
"use strict";
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const block = id => {
    const element = document.getElementById(id);
    return element && JSON.parse(element.textContent);
  };
  const bytes = base64 => Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const status = words => { $("#live").textContent = words; };
  const once = (target, act) => {
    const watch = new IntersectionObserver(seen => {
      if (!seen.some(entry => entry.isIntersecting)) return;
      watch.disconnect();
      act();
    }, { rootMargin: "600px" });
    watch.observe(target);
  };

  // Light and dark.

  const wanted = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => {
    const chosen = document.documentElement.dataset.theme;
    return chosen ? chosen === "dark" : wanted.matches;
  };
  const repaint = [];
  const repainted = () => repaint.forEach(paint => paint());
  wanted.addEventListener("change", repainted);
  const theme = $("#theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    theme.setAttribute("aria-pressed", String(dark()));
    repainted();
  });
  theme.setAttribute("aria-pressed", String(dark()));

  // Folded parts open when a link leads into them, and on paper.

  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let parent = target; parent; parent = parent.parentElement) {
      if (parent.tagName === "DETAILS") parent.open = true;
    }
  };
  addEventListener("hashchange", unfold);
  unfold();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = $$("details:not([open])");
    folded.forEach(part => { part.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach(part => { part.open = false; }));

  // Tables that sort and copy.

  const value = cell => {
    const number = cell.dataset.value;
    return number === undefined ? cell.textContent.trim() : number === "" ? NaN : Number(number);
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") {
      return Number.isNaN(a) - Number.isNaN(b) || a - b || 0;
    }
    return String(a).localeCompare(String(b), "en", { numeric: true });
  };
  const sortable = table => {
    const heads = $$("thead th", table);
    const rows = $$("tbody tr", table);
    heads.forEach((head, column) => {
      const button = element("button", { type: "button", class: "sort" }, head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
        heads.forEach(other => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const sign = order === "ascending" ? 1 : -1;
        const sorted = [...rows].sort((one, other) =>
          sign * compare(value(one.children[column]), value(other.children[column])));
        $("tbody", table).append(...sorted);
        status(`Sorted by ${button.textContent}, ${order}`);
      });
    });
  };
  const words = table => $$("tr", table)
    .map(row => [...row.children].map(cell => cell.textContent.trim()).join("\t")).join("\n");
  const copied = async text => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = element("textarea", { class: "aside" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
  };
  const copyButton = (text, name) => {
    const button = element("button", { type: "button", class: "tool", "aria-label": `Copy ${name}` }, "Copy");
    button.addEventListener("click", async () => {
      await copied(text());
      button.textContent = "Copied";
      status(`${name} copied`);
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    return button;
  };
  for (const figure of $$("figure.listing")) {
    const table = $("table", figure);
    sortable(table);
    $(".tools", figure).prepend(copyButton(() => words(table), $("figcaption b", figure).textContent));
  }
  $$("table.sorted").forEach(sortable);
  $$(".command").forEach(command =>
    command.after(copyButton(() => command.textContent, "the command line")));

  // Plots. Plotly travels compressed and is unpacked when the first plot comes into sight.

  let unpacking = null;
  const plotly = () => {
    unpacking ??= (async () => {
      const packed = new Blob([bytes($("#plotly").textContent)]);
      const stream = packed.stream().pipeThrough(new DecompressionStream("gzip"));
      const script = element("script");
      script.textContent = await new Response(stream).text();
      document.head.append(script);
      return window.Plotly;
    })();
    return unpacking;
  };
  const plots = block("data-plots") || {};
  for (const [anchor, figures] of Object.entries(plots)) {
    const figure = document.getElementById(anchor);
    const place = $(".plot", figure);
    once(figure, async () => {
      const Plotly = await plotly();
      const draw = () => {
        const { data, layout } = structuredClone(figures[dark() ? "dark" : "light"]);
        return Plotly.react(place, data, layout, {
          responsive: true, displaylogo: false, displayModeBar: matchMedia("(hover: hover)").matches && "hover",
          modeBarButtons: [["toImage"], ["zoom2d", "pan2d", "resetScale2d"]], plotlyServerURL: "",
        });
      };
      place.hidden = false;
      await draw();
      figure.classList.add("drawn");
      repaint.push(draw);
    });
  }

  // The slices of the map.

  const roundLength = extent => {
    const power = 10 ** Math.floor(Math.log10(0.3 * extent));
    return power * [5, 2, 1].find(multiple => multiple * power <= 0.3 * extent * (1 + 1e-9));
  };

  const unpacked = async (source, [nz, ny, nx], columns) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const volume = new Uint8Array(nz * ny * nx);
    const strip = element("canvas", { width: columns * nx, height: ny });
    const pen = strip.getContext("2d", { willReadFrequently: true });
    for (let first = 0; first < nz; first += columns) {
      pen.drawImage(image, 0, first / columns * ny, columns * nx, ny, 0, 0, columns * nx, ny);
      const pixels = pen.getImageData(0, 0, columns * nx, ny).data;
      for (let z = first; z < Math.min(first + columns, nz); z++) {
        for (let y = 0; y < ny; y++) {
          let from = 4 * (y * columns * nx + (z - first) * nx);
          let to = (z * ny + y) * nx;
          for (let x = 0; x < nx; x++, from += 4) volume[to++] = pixels[from];
        }
      }
    }
    return volume;
  };

  const browseSlices = async (root, atlas) => {
    const [nz, ny, nx] = atlas.box;
    const sizes = { x: nx, y: ny, z: nz };
    const steps = { x: 1, y: nx, z: nx * ny };
    const lengths = { x: atlas.voxel_size[2], y: atlas.voxel_size[1], z: atlas.voxel_size[0] };
    const at = { x: atlas.start[2], y: atlas.start[1], z: atlas.start[0] };
    const density = await unpacked(atlas.density, atlas.box, atlas.columns);
    const mask = await unpacked(atlas.mask, atlas.box, atlas.columns);
    const overlay = $("#slices-mask");
    const contrast = $("#slices-contrast");
    const bar = roundLength(Math.min(nx * lengths.x, ny * lengths.y));
    const planes = [["x", "y", "z"], ["y", "x", "z"], ["z", "x", "y"]].map(([axis, right, up]) => {
      const part = $(`[data-plane="${axis}"]`, root);
      return { axis, right, up, canvas: $("canvas", part), slider: $("input", part), label: $("output", part) };
    });

    const paint = ({ axis, right, up, canvas, slider, label }) => {
      const [columns, rows] = [sizes[right], sizes[up]];
      const raw = new ImageData(columns, rows);
      const gain = Number(contrast.value);
      const base = at[axis] * steps[axis];
      for (let v = 0; v < rows; v++) {
        for (let h = 0; h < columns; h++) {
          const here = base + v * steps[up] + h * steps[right];
          const to = 4 * ((rows - 1 - v) * columns + h);
          const edge = overlay.checked && mask[here] && (
            h === 0 || h === columns - 1 || v === 0 || v === rows - 1 ||
            !mask[here - steps[right]] || !mask[here + steps[right]] ||
            !mask[here - steps[up]] || !mask[here + steps[up]]);
          const grey = 128 + (density[here] - 128) * gain;
          raw.data[to] = edge ? 255 : grey;
          raw.data[to + 1] = edge ? 138 : grey;
          raw.data[to + 2] = edge ? 20 : grey;
          raw.data[to + 3] = 255;
        }
      }
      const sheet = element("canvas", { width: columns, height: rows });
      sheet.getContext("2d").putImageData(raw, 0, 0);
      const [width, height] = [columns * lengths[right], rows * lengths[up]];
      const scale = Math.min(canvas.clientWidth / width, 420 / height) * devicePixelRatio;
      canvas.width = Math.max(1, Math.round(width * scale));
      canvas.height = Math.max(1, Math.round(height * scale));
      const pen = canvas.getContext("2d");
      pen.imageSmoothingEnabled = scale * lengths[right] < 6;
      pen.drawImage(sheet, 0, 0, canvas.width, canvas.height);
      const dot = devicePixelRatio;
      pen.strokeStyle = "rgba(90, 190, 255, 0.75)";
      pen.lineWidth = dot;
      pen.beginPath();
      const across = (at[right] + 0.5) / columns * canvas.width;
      const down = (1 - (at[up] + 0.5) / rows) * canvas.height;
      pen.moveTo(across, 0); pen.lineTo(across, canvas.height);
      pen.moveTo(0, down); pen.lineTo(canvas.width, down);
      pen.stroke();
      const bottom = canvas.height - 10 * dot;
      for (const [ink, thick] of [["#222", 6], ["#fff", 3]]) {
        pen.strokeStyle = ink;
        pen.lineWidth = thick * dot;
        pen.beginPath();
        pen.moveTo(10 * dot, bottom);
        pen.lineTo(10 * dot + bar * scale, bottom);
        pen.stroke();
      }
      pen.font = `${12 * dot}px sans-serif`;
      pen.lineWidth = 3 * dot;
      pen.strokeStyle = "#222";
      pen.fillStyle = "#fff";
      pen.strokeText(`${bar} Å`, 10 * dot, bottom - 7 * dot);
      pen.fillText(`${bar} Å`, 10 * dot, bottom - 7 * dot);
      const index = at[axis] * atlas.binning + Math.floor(atlas.binning / 2);
      const name = `${axis.toUpperCase()} slice ${index}`;
      slider.value = at[axis];
      slider.setAttribute("aria-valuetext", name);
      label.textContent = name;
    };
    let asked = false;
    const redraw = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; planes.forEach(paint); });
    };
    for (const plane of planes) {
      plane.slider.max = sizes[plane.axis] - 1;
      plane.slider.addEventListener("input", () => { at[plane.axis] = Number(plane.slider.value); redraw(); });
      const point = event => {
        if (!(event.buttons & 1)) return;
        const box = plane.canvas.getBoundingClientRect();
        const inside = (share, n) => Math.min(n - 1, Math.max(0, Math.floor(share * n)));
        at[plane.right] = inside((event.clientX - box.left) / box.width, sizes[plane.right]);
        at[plane.up] = inside(1 - (event.clientY - box.top) / box.height, sizes[plane.up]);
        redraw();
      };
      plane.canvas.addEventListener("pointerdown", point);
      plane.canvas.addEventListener("pointermove", point);
    }
    overlay.addEventListener("change", redraw);
    contrast.addEventListener("input", redraw);
    new ResizeObserver(redraw).observe(root);
    root.hidden = false;
    redraw();
    root.dataset.ready = "true";
  };

  // The surface of the map.

  const VERTEX = `
    attribute vec3 place; attribute vec3 normal; attribute vec3 colour;
    uniform mat3 turn; uniform vec2 scale; uniform vec2 shift;
    varying vec3 facing; varying vec3 paint; varying float depth;
    void main() {
      vec3 seen = turn * place;
      facing = turn * normal; paint = colour; depth = seen.z;
      gl_Position = vec4(seen.xy * scale + shift, -seen.z * 0.45, 1.0);
    }`;
  const FRAGMENT = `
    precision mediump float;
    uniform vec3 ground; uniform float ambient; uniform float fog; uniform float alpha;
    varying vec3 facing; varying vec3 paint; varying float depth;
    void main() {
      vec3 n = normalize(facing);
      if (!gl_FrontFacing) n = -n;
      float key = max(dot(n, normalize(vec3(-0.6, 0.8, 1.0))), 0.0);
      float fill = max(dot(n, normalize(vec3(0.8, -0.2, 1.0))), 0.0);
      vec3 lit = paint * min(ambient + (1.0 - ambient) * (0.78 * key + 0.34 * fill), 1.0);
      gl_FragColor = vec4(mix(lit, ground, fog * clamp(0.5 - 0.5 * depth, 0.0, 1.0)), alpha);
    }`;

  // The trace of a model: strokes of some pixels' width between residues, and dots on these.

  const STROKE_VERTEX = `
    attribute vec3 place; attribute vec3 other; attribute float side; attribute vec3 colour;
    uniform mat3 turn; uniform vec2 scale; uniform vec2 shift; uniform vec2 view; uniform float width;
    varying vec3 paint; varying float depth;
    void main() {
      vec3 seen = turn * place;
      vec2 way = (turn * (other - place)).xy * scale * view;
      vec2 across = vec2(-way.y, way.x) / max(length(way), 1e-6);
      paint = colour; depth = seen.z;
      gl_Position = vec4(seen.xy * scale + shift + side * width * across / view, -seen.z * 0.45, 1.0);
      gl_PointSize = width;
    }`;
  const STROKE_FRAGMENT = `
    precision mediump float;
    uniform vec3 ground; uniform float dots;
    varying vec3 paint; varying float depth;
    void main() {
      float off = length(gl_PointCoord - 0.5);
      if (dots > 0.5 && off > 0.5) discard;
      if (dots > 1.5 && off < 0.32) discard;
      vec3 light = ground.g < 0.5 ? mix(paint, vec3(1.0), 0.25) : 0.9 * paint;
      gl_FragColor = vec4(mix(light, ground, 0.45 * clamp(0.5 - 0.5 * depth, 0.0, 1.0)), 1.0);
    }`;

  const hex = text => [1, 3, 5].map(start => parseInt(text.slice(start, start + 2), 16));
  const product = (a, b) => [0, 1, 2].flatMap(row => [0, 1, 2].map(column =>
    a[3 * row] * b[column] + a[3 * row + 1] * b[3 + column] + a[3 * row + 2] * b[6 + column]));
  const about = (axis, angle) => {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return axis === "x" ? [1, 0, 0, 0, c, -s, 0, s, c] : axis === "y"
      ? [c, 0, s, 0, 1, 0, -s, 0, c] : [c, -s, 0, s, c, 0, 0, 0, 1];
  };

  const geometry = mesh => {
    const raw = new Uint16Array(bytes(mesh.corners).buffer);
    const triangles = new Uint16Array(bytes(mesh.triangles).buffer);
    const places = new Float32Array(raw.length);
    const low = [Infinity, Infinity, Infinity], high = [0, 0, 0];
    raw.forEach((step, i) => {
      low[i % 3] = Math.min(low[i % 3], step);
      high[i % 3] = Math.max(high[i % 3], step);
    });
    const middle = low.map((start, i) => (start + high[i]) / 2);
    let half = 1;
    for (let i = 0; i < raw.length; i += 3) {
      half = Math.max(half, Math.hypot(...middle.map((place, k) => raw[i + k] - place)));
    }
    raw.forEach((step, i) => { places[i] = (step - middle[i % 3]) / half; });
    const normals = new Float32Array(raw.length);
    for (let i = 0; i < triangles.length; i += 3) {
      const [a, b, c] = [0, 1, 2].map(k => 3 * triangles[i + k]);
      const u = [0, 1, 2].map(k => places[b + k] - places[a + k]);
      const v = [0, 1, 2].map(k => places[c + k] - places[a + k]);
      const n = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
      for (const corner of [a, b, c]) for (let k = 0; k < 3; k++) normals[corner + k] += n[k];
    }
    const centre = middle.map((place, k) => mesh.origin[k] + place * mesh.step);
    return { places, normals, triangles, half: half * mesh.step, centre };
  };

  const shades = colours => {
    const palette = colours.map(hex);
    return share => {
      const place = share * (palette.length - 1);
      const first = Math.min(Math.floor(place), palette.length - 2);
      return [0, 1, 2].map(k => palette[first][k] + (place - first) * (palette[first + 1][k] - palette[first][k]));
    };
  };

  const programme = (gl, vertex, fragment) => {
    const made = gl.createProgram();
    for (const [kind, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(made, shader);
    }
    gl.linkProgram(made);
    const places = new Map();
    const uniform = name => places.get(name) ?? places.set(name, gl.getUniformLocation(made, name)).get(name);
    return { made, uniform };
  };
  const filled = (gl, values, target = gl.ARRAY_BUFFER, made = gl.createBuffer()) => {
    gl.bindBuffer(target, made);
    gl.bufferData(target, values, gl.STATIC_DRAW);
    return made;
  };
  const fed = (gl, { made }, name, buffer, size = 3, stride = 0, offset = 0, kind = gl.FLOAT) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    const place = gl.getAttribLocation(made, name);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, size, kind, kind !== gl.FLOAT, stride, offset);
  };

  // Draws a trace: `places` in Å, whether each residue is `joined` to the next, their `colours`.
  const tracer = (gl, { places, joined }, centre, half) => {
    const count = joined.length;
    const at = Float32Array.from(places, (place, i) => (place - centre[i % 3]) / half);
    const ends = [];
    for (let i = 0; i + 1 < count; i++) if (joined[i]) ends.push(i);
    const corners = [[0, 1], [0, -1], [1, -1], [1, -1], [1, 1], [0, 1]];
    const strokes = new Float32Array(ends.length * 6 * 7);
    ends.forEach((first, n) => corners.forEach(([end, side], corner) => {
      const [here, there] = [first + end, first + 1 - end];
      strokes.set([...at.subarray(3 * here, 3 * here + 3), ...at.subarray(3 * there, 3 * there + 3),
        end ? -side : side], 7 * (6 * n + corner));
    }));
    const pen = programme(gl, STROKE_VERTEX, STROKE_FRAGMENT);
    const [dots, lines] = [filled(gl, at), filled(gl, strokes)];
    const [dotColours, lineColours] = [gl.createBuffer(), gl.createBuffer()];
    const paint = colours => {
      filled(gl, colours, gl.ARRAY_BUFFER, dotColours);
      const painted = new Uint8Array(ends.length * 18);
      ends.forEach((first, n) => corners.forEach(([end], corner) => {
        const from = 3 * (first + end);
        painted.set(colours.subarray(from, from + 3), 3 * (6 * n + corner));
      }));
      filled(gl, painted, gl.ARRAY_BUFFER, lineColours);
    };
    const draw = (camera, marked) => {
      gl.useProgram(pen.made);
      gl.uniformMatrix3fv(pen.uniform("turn"), false, camera.turn);
      for (const name of ["scale", "shift", "view"]) gl.uniform2fv(pen.uniform(name), camera[name]);
      gl.uniform3fv(pen.uniform("ground"), camera.ground);
      const stroke = (kind, width, first, number, [place, stride], colours) => {
        fed(gl, pen, "place", place, 3, stride);
        fed(gl, pen, "other", place, 3, stride, stride ? 12 : 0);
        fed(gl, pen, "side", place, 1, stride || 12, stride ? 24 : 0);
        if (colours) fed(gl, pen, "colour", colours, 3, 0, 0, gl.UNSIGNED_BYTE);
        else {
          const plain = gl.getAttribLocation(pen.made, "colour");
          gl.disableVertexAttribArray(plain);
          gl.vertexAttrib3f(plain, ...camera.ground.map(part => part < 0.5 ? 1 : 0));
        }
        gl.uniform1f(pen.uniform("dots"), kind);
        gl.uniform1f(pen.uniform("width"), width * camera.dot);
        gl.drawArrays(kind ? gl.POINTS : gl.TRIANGLES, first, number);
      };
      stroke(0, 2.2, 0, 6 * ends.length, [lines, 28], lineColours);
      stroke(1, 4.4, 0, count, [dots, 0], dotColours);
      return () => {
        if (marked < 0) return;
        gl.useProgram(pen.made);
        gl.disable(gl.DEPTH_TEST);
        stroke(1, 9, marked, 1, [dots, 0], dotColours);
        stroke(2, 20, marked, 1, [dots, 0], null);
        gl.enable(gl.DEPTH_TEST);
      };
    };
    return { at, paint, draw };
  };

  const turnSurface = (root, mesh, trace = null) => {
    const canvas = $("canvas", root);
    const gl = canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
    if (!gl) {
      root.replaceChildren(element("p", { class: "quiet" },
        trace ? "This browser draws no 3D here: the place in the map is not shown."
          : "This browser draws no 3D here: the picture of the isosurface below shows three directions."));
      root.hidden = false;
      return { paint: () => {}, mark: () => {} };
    }
    const { places, normals, triangles, half, centre } = geometry(mesh);
    const brush = programme(gl, VERTEX, FRAGMENT);
    const [corners, facings, colours] = [filled(gl, places), filled(gl, normals), gl.createBuffer()];
    const order = filled(gl, triangles, gl.ELEMENT_ARRAY_BUFFER);
    gl.enable(gl.DEPTH_TEST);
    gl.blendFuncSeparate(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA, gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const traced = trace && tracer(gl, trace, centre, half);
    const whole = $("[data-do=surface]", root);

    const shade = shades(mesh.palette);
    const chooser = $("select", root);
    const key = $(".key", root);
    let [turn, zoom, shift, spinning, painted, marked] = [mesh.views[2], 1, [0, 0], false, null, -1];

    const colour = () => {
      painted = !chooser || chooser.value === "" ? null : mesh.paints[Number(chooser.value)];
      const values = new Uint8Array(places.length);
      const steps = painted && bytes(painted.values);
      const table = Array.from({ length: 256 }, (_, step) => step ? shade((step - 1) / 254) : hex(mesh.blank));
      for (let corner = 0; corner < places.length / 3; corner++) {
        values.set(painted ? table[steps[corner]] : hex(mesh.plain), 3 * corner);
      }
      filled(gl, values, gl.ARRAY_BUFFER, colours);
      if (trace) return;
      key.hidden = !painted;
      if (painted) {
        $(".low", key).textContent = painted.low_words;
        $(".high", key).textContent = painted.high_words;
        $(".of", key).textContent = painted.label;
        $(".ramp", key).style.background = `linear-gradient(to right, ${mesh.palette.join(",")})`;
      }
    };
    const draw = () => {
      const [width, height] = [canvas.clientWidth * devicePixelRatio, canvas.clientHeight * devicePixelRatio];
      if (canvas.width !== Math.round(width) || canvas.height !== Math.round(height)) {
        canvas.width = Math.round(width);
        canvas.height = Math.round(height);
      }
      const ground = hex(getComputedStyle(document.documentElement).getPropertyValue("--paper").trim()).map(part => part / 255);
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(...ground, 1);
      gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
      const edge = 0.97 * zoom * Math.min(width, height);
      const camera = { turn: [0, 1, 2].flatMap(k => [turn[k], turn[3 + k], turn[6 + k]]), ground,
        scale: [edge / width, edge / height], shift, view: [width / 2, height / 2], dot: devicePixelRatio };
      const mark = traced ? traced.draw(camera, marked) : () => {};
      if (!whole || whole.checked) {
        gl.useProgram(brush.made);
        gl.uniformMatrix3fv(brush.uniform("turn"), false, camera.turn);
        gl.uniform2fv(brush.uniform("scale"), camera.scale);
        gl.uniform2fv(brush.uniform("shift"), shift);
        gl.uniform3fv(brush.uniform("ground"), ground);
        gl.uniform1f(brush.uniform("ambient"), painted ? 0.5 : 0.18);
        gl.uniform1f(brush.uniform("fog"), painted ? 0.15 : 0.45);
        gl.uniform1f(brush.uniform("alpha"), traced ? 0.28 : 1);
        fed(gl, brush, "place", corners);
        fed(gl, brush, "normal", facings);
        fed(gl, brush, "colour", colours, 3, 0, 0, gl.UNSIGNED_BYTE);
        gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, order);
        for (const capability of traced ? [gl.BLEND, gl.CULL_FACE] : []) gl.enable(capability);
        gl.depthMask(!traced);
        gl.drawElements(gl.TRIANGLES, triangles.length, gl.UNSIGNED_SHORT, 0);
        gl.depthMask(true);
        gl.disable(gl.BLEND);
        gl.disable(gl.CULL_FACE);
      }
      mark();
      const bar = roundLength(2 * half / zoom);
      const ruler = $(".ruler", root);
      ruler.style.width = `${bar / (2 * half) * edge / devicePixelRatio}px`;
      ruler.textContent = `${bar} Å`;
      canvas.dataset.turn = turn.map(part => part.toFixed(3)).join(" ");
    };
    let [asked, last] = [false, 0];
    const redraw = () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(now => {
        asked = false;
        if (spinning) {
          turn = product(about("y", Math.min(now - last, 50) / 1400), turn);
          last = now;
          redraw();
        }
        draw();
      });
    };
    const rotate = (across, down) => { turn = product(about("x", down), product(about("y", across), turn)); redraw(); };
    const zoomed = factor => { zoom = Math.min(20, Math.max(0.5, zoom * factor)); redraw(); };

    const fingers = new Map();
    canvas.addEventListener("pointerdown", event => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    const lifted = event => fingers.delete(event.pointerId);
    canvas.addEventListener("pointerup", lifted);
    const pick = event => {
      const box = canvas.getBoundingClientRect();
      const edge = 0.97 * zoom * Math.min(box.width, box.height) / 2;
      let [best, closest] = [-1, 12];
      for (let i = 0; i < traced.at.length; i += 3) {
        const [x, y] = [0, 3].map(row => turn[row] * traced.at[i] + turn[row + 1] * traced.at[i + 1] + turn[row + 2] * traced.at[i + 2]);
        const across = box.width / 2 * (1 + shift[0]) + x * edge - (event.clientX - box.left);
        const down = box.height / 2 * (1 - shift[1]) - y * edge - (event.clientY - box.top);
        const apart = Math.hypot(across, down);
        if (apart < closest) [best, closest] = [i / 3, apart];
      }
      if (best >= 0) trace.pick(best);
    };
    if (traced) {
      let pressed = [0, 0];
      canvas.addEventListener("pointerdown", event => { pressed = [event.clientX, event.clientY]; });
      canvas.addEventListener("click", event => {
        if (Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 4) pick(event);
      });
    }
    canvas.addEventListener("pointercancel", lifted);
    canvas.addEventListener("pointermove", event => {
      const before = fingers.get(event.pointerId);
      if (!before) return;
      const [across, down] = [event.clientX - before[0], event.clientY - before[1]];
      const apart = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]) || 1; };
      const wide = fingers.size === 2 ? apart() : 0;
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      if (wide) zoomed(apart() / wide);
      else if (event.shiftKey) {
        shift = [shift[0] + 2 * across / canvas.clientWidth, shift[1] - 2 * down / canvas.clientHeight];
        redraw();
      } else rotate(across / 130, down / 130);
    });
    canvas.addEventListener("wheel", event => {
      if (document.activeElement !== canvas) return;
      event.preventDefault();
      zoomed(Math.exp(-event.deltaY / 500));
    }, { passive: false });
    canvas.addEventListener("keydown", event => {
      const step = Math.PI / 18;
      const act = {
        ArrowLeft: () => rotate(-step, 0), ArrowRight: () => rotate(step, 0),
        ArrowUp: () => rotate(0, -step), ArrowDown: () => rotate(0, step),
        "+": () => zoomed(1.2), "=": () => zoomed(1.2), "-": () => zoomed(1 / 1.2),
      }[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    });
    const spin = $("[data-do=spin]", root);
    spin.addEventListener("click", () => {
      spinning = !spinning;
      last = performance.now();
      spin.setAttribute("aria-pressed", String(spinning));
      redraw();
    });
    $("[data-do=in]", root).addEventListener("click", () => zoomed(1.25));
    $("[data-do=out]", root).addEventListener("click", () => zoomed(0.8));
    $$("[data-view]", root).forEach(button => button.addEventListener("click", () => {
      [turn, zoom, shift] = [mesh.views[Number(button.dataset.view)], 1, [0, 0]];
      redraw();
    }));
    if (chooser) {
      mesh.paints.forEach((paint, place) => chooser.append(element("option", { value: place }, paint.label)));
      chooser.closest("label").hidden = !mesh.paints.length;
      chooser.addEventListener("change", () => { colour(); redraw(); });
    }
    whole?.addEventListener("change", redraw);
    const paint = colours => { traced.paint(colours); redraw(); };
    if (traced) traced.paint(trace.colours());
    canvas.addEventListener("webglcontextlost", event => event.preventDefault());
    root.hidden = false;
    colour();
    draw();
    new ResizeObserver(redraw).observe(canvas);
    repaint.push(redraw);
    root.dataset.ready = "true";
    return { paint, mark: residue => { marked = residue; redraw(); } };
  };

  // The residues of the model: all scores in a table, one along a chain, and all in the map.

  const ordinal = n => `${n}${n % 100 > 10 && n % 100 < 14 ? "th" : ["th", "st", "nd", "rd"][n % 10] || "th"}`;

  const readResidues = data => {
    const [count, shade] = [data.count, shades(data.palette)];
    const worded = part => {
      const of = part.words.length <= 256 ? bytes(part.of) : new Uint16Array(bytes(part.of).buffer);
      return residue => part.words[of[residue]];
    };
    const [chain, insertion, name, kind] = [data.chains, data.insertions, data.names, data.kinds].map(worded);
    const numbers = new Int32Array(bytes(data.numbers).buffer);
    const scores = data.scores.map(score => {
      const steps = new Uint16Array(bytes(score.values).buffer);
      const has = residue => steps[residue] > 0;
      const value = score.words ? residue => steps[residue] - 1
        : residue => score.low + (steps[residue] - 1) / 65534 * (score.high - score.low);
      const shown = residue => !has(residue) ? "–"
        : score.words ? score.words[value(residue)] : value(residue).toFixed(score.digits);
      const colours = score.words && score.colours.map(hex);
      const colour = residue => !has(residue) ? hex(data.blank) : score.words ? colours[value(residue)]
        : shade(Math.min(1, Math.max(0, (value(residue) - score.worst) / (score.best - score.worst))));
      const title = score.unit ? `${score.label} (${score.unit})` : score.label;
      return { ...score, title, has, value, shown, colour };
    });
    const place = residue => `${numbers[residue]}${insertion(residue)}`;
    return { count, chain, name, kind, numbers, place, scores, palette: data.palette,
      words: residue => `${chain(residue)}/${name(residue)} ${place(residue)}` };
  };

  // What of a model is looked for: each part of the words has to be met.
  const finder = (model, words) => {
    const parts = words.split(/[\s,;]+/).filter(Boolean).map(part => part.toLowerCase());
    const spoken = model.scores.filter(score => score.words);
    const met = part => {
      const [, from, to] = part.match(/^(-?\d+)[-–](-?\d+)$/) || [];
      if (from !== undefined) return i => model.numbers[i] >= Number(from) && model.numbers[i] <= Number(to);
      return i => model.chain(i).toLowerCase() === part || model.place(i).toLowerCase() === part
        || model.name(i).toLowerCase() === part || (part.length > 2 && model.kind(i).startsWith(part))
        || spoken.some(score => score.shown(i).toLowerCase() === part);
    };
    const tests = parts.map(met);
    return residue => tests.every(test => test(residue));
  };

  const browseResidues = (root, data, mesh) => {
    const model = readResidues(data);
    const part = name => $(`[data-do=${name}], [data-is=${name}]`, root);
    const [chooser, chains, search] = ["score", "chain", "find"].map(part);
    const every = Array.from({ length: model.count }, (_, residue) => residue);
    let [chosen, shown, sorted, space] = [-1, every, { column: 0, order: "ascending" }, null];
    const score = () => model.scores[Number(chooser.value)];
    const joined = bytes(data.joined);

    model.scores.forEach((one, place) => chooser.append(element("option", { value: place }, one.title)));
    const members = new Map();
    every.forEach(residue => {
      const name = model.chain(residue);
      if (!members.has(name)) members.set(name, []);
      members.get(name).push(residue);
    });
    [...members].forEach(([name, of]) => {
      of.sort((one, other) => model.numbers[one] - model.numbers[other] || one - other);
      chains.append(element("option", { value: name }, name));
    });

    // The table: only the rows in sight are there.

    const sheet = $(".sheet", root);
    const table = $("table", sheet);
    const body = $("tbody", table);
    const columns = [
      { title: "Residue", of: i => `${model.chain(i)} ${model.place(i)}`, order: (a, b) => a - b },
      { title: "Name", of: model.name, order: (a, b) => model.name(a).localeCompare(model.name(b), "en") || a - b },
      ...model.scores.map(one => ({
        title: one.title, of: one.shown, number: !one.words, has: one.has,
        order: (a, b) => one.value(a) - one.value(b) || a - b,
      })),
    ];
    const heads = columns.map(({ title, number }, column) => {
      const button = element("button", { type: "button", class: "sort" }, title);
      const head = element("th", { scope: "col", ...(number && { class: "number" }) }, button);
      button.addEventListener("click", () => {
        const again = sorted.column === column && sorted.order === "ascending";
        sorted = { column, order: again ? "descending" : "ascending" };
        list();
        status(`Sorted by ${title}, ${sorted.order}`);
      });
      return head;
    });
    $("thead tr", table).append(...heads);
    let tall = 30;
    const gap = rows => {
      const cell = element("td", { colspan: columns.length });
      cell.style.height = `${rows * tall}px`;
      return element("tr", { class: "gap", "aria-hidden": "true" }, cell);
    };
    const row = place => {
      const residue = shown[place];
      const cells = columns.map(({ of, number }, column) => column
        ? element("td", number ? { class: "number" } : {}, of(residue))
        : element("th", { scope: "row" }, of(residue)));
      const made = element("tr", { id: `residue-${residue}`, "aria-rowindex": place + 2,
        "aria-selected": residue === chosen }, ...cells);
      made.addEventListener("click", () => choose(residue, table));
      return made;
    };
    const fill = () => {
      const first = Math.max(0, Math.floor(sheet.scrollTop / tall) - 6);
      const last = Math.min(shown.length, first + Math.ceil(sheet.clientHeight / tall) + 12);
      const rows = [];
      for (let place = first; place < last; place++) rows.push(row(place));
      body.replaceChildren(gap(first), ...rows, gap(shown.length - last));
      if (rows.length) tall = rows[0].offsetHeight || tall;
      const seen = rows.some(one => one.id === `residue-${chosen}`);
      if (seen) table.setAttribute("aria-activedescendant", `residue-${chosen}`);
      else table.removeAttribute("aria-activedescendant");
    };
    const list = () => {
      const { order, has } = columns[sorted.column];
      const sign = sorted.order === "ascending" ? 1 : -1;
      const valued = has ? shown.filter(has) : shown;
      const without = has ? shown.filter(residue => !has(residue)) : [];
      shown = [...valued.sort((a, b) => sign * order(a, b)), ...without.sort((a, b) => a - b)];
      heads.forEach((head, column) => {
        if (column === sorted.column) head.setAttribute("aria-sort", sorted.order);
        else head.removeAttribute("aria-sort");
      });
      table.setAttribute("aria-rowcount", shown.length + 1);
      sheet.scrollTop = 0;
      fill();
    };
    const find = () => {
      shown = every.filter(finder(model, search.value));
      part("count").textContent = shown.length === model.count
        ? `${model.count.toLocaleString("en")} residues`
        : `${shown.length.toLocaleString("en")} of ${model.count.toLocaleString("en")} residues`;
      list();
    };
    const reveal = place => {
      const above = $("thead", table).offsetHeight;
      const [top, room] = [place * tall, sheet.clientHeight - above];
      if (top < sheet.scrollTop || top + tall > sheet.scrollTop + room) sheet.scrollTop = Math.max(0, top - room / 2);
    };
    let asked = false;
    sheet.addEventListener("scroll", () => {
      if (asked) return;
      asked = true;
      requestAnimationFrame(() => { asked = false; fill(); });
    });
    table.tabIndex = 0;
    table.addEventListener("keydown", event => {
      const page = Math.max(1, Math.floor(sheet.clientHeight / tall) - 2);
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
      if (!step || event.target !== table || !shown.length) return;
      event.preventDefault();
      const here = shown.indexOf(chosen);
      const next = here < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, here + step));
      choose(shown[next]);
    });

    // The plot of the chosen score along the chosen chain.

    const plot = $(".along", root);
    const HIGH = 200;
    const layout = () => {
      const [one, of] = [score(), members.get(chains.value)];
      const [first, last] = [model.numbers[of[0]] - 1, model.numbers[of[of.length - 1]] + 1];
      const ends = one.words ? [-0.5, one.words.length - 0.5]
        : [Math.min(one.low, one.worst, one.best), Math.max(one.high, one.worst, one.best)];
      const margin = 0.04 * (ends[1] - ends[0]);
      const [low, high] = [ends[0] - margin, ends[1] + margin];
      const [left, right, top, bottom] = [one.words ? 88 : 48, 10, 10, 26];
      const wide = Math.max(60, plot.clientWidth - left - right);
      return { one, of, first, last, low, high, left, top, wide, tall: HIGH - top - bottom,
        x: i => left + (model.numbers[i] - first) / (last - first) * wide,
        y: value => top + (high - value) / (high - low) * (HIGH - top - bottom) };
    };
    const ticks = (low, high, most) => {
      const raw = (high - low) / most;
      const power = 10 ** Math.floor(Math.log10(raw));
      const step = [1, 2, 5, 10].find(multiple => multiple * power >= raw) * power;
      const found = [];
      for (let n = Math.ceil(low / step); n * step <= high; n++) found.push(n * step);
      return { step, found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
    };
    const drawPlot = () => {
      space = layout();
      const { one, of, left, top, wide, tall: deep, x, y } = space;
      const dot = devicePixelRatio;
      plot.width = Math.round(plot.clientWidth * dot);
      plot.height = Math.round(HIGH * dot);
      const pen = plot.getContext("2d");
      const style = getComputedStyle(document.documentElement);
      const [ink, muted, rule, accent] = ["--ink", "--muted", "--rule", "--accent"].map(name => style.getPropertyValue(name).trim());
      pen.scale(dot, dot);
      pen.font = "12px system-ui, sans-serif";
      pen.textBaseline = "middle";
      const level = (value, words) => {
        pen.strokeStyle = rule;
        pen.beginPath();
        pen.moveTo(left, y(value)); pen.lineTo(left + wide, y(value));
        pen.stroke();
        pen.fillStyle = muted;
        pen.textAlign = "right";
        pen.fillText(words, left - 6, y(value), left - 8);
      };
      if (one.words) one.words.forEach((word, place) => level(place, word));
      else {
        const { found, digits } = ticks(space.low, space.high, 5);
        found.forEach(value => level(value, value.toFixed(digits)));
      }
      pen.textAlign = "center";
      ticks(space.first, space.last, Math.min(10, wide / 60)).found.filter(Number.isInteger).forEach(number => {
        const at = left + (number - space.first) / (space.last - space.first) * wide;
        pen.fillText(String(number), at, top + deep + 14);
      });
      pen.strokeStyle = muted;
      pen.beginPath();
      of.forEach((residue, place) => {
        const before = of[place - 1];
        const goesOn = place && !one.words && one.has(residue) && one.has(before)
          && residue === before + 1 && joined[before];
        if (goesOn) pen.lineTo(x(residue), y(one.value(residue)));
        else if (one.has(residue)) pen.moveTo(x(residue), y(one.value(residue)));
      });
      pen.stroke();
      const size = Math.min(3.5, Math.max(1.5, wide / of.length / 2));
      pen.lineWidth = 0.6;
      of.filter(one.has).forEach(residue => {
        pen.fillStyle = `rgb(${one.colour(residue).map(Math.round).join(",")})`;
        pen.beginPath();
        pen.arc(x(residue), y(one.value(residue)), size, 0, 2 * Math.PI);
        pen.fill();
        pen.stroke();
      });
      if (chosen >= 0 && model.chain(chosen) === chains.value) {
        pen.strokeStyle = accent;
        pen.lineWidth = 1.5;
        pen.beginPath();
        pen.moveTo(x(chosen), top); pen.lineTo(x(chosen), top + deep);
        pen.stroke();
        if (one.has(chosen)) {
          pen.strokeStyle = ink;
          pen.lineWidth = 2;
          pen.beginPath();
          pen.arc(x(chosen), y(one.value(chosen)), size + 3, 0, 2 * Math.PI);
          pen.stroke();
        }
      }
      const said = `${one.title} along chain ${chains.value}, by the numbers of its residues. `
        + "The left and right arrow keys choose a residue.";
      plot.setAttribute("aria-label", said);
      plot.dataset.points = of.filter(one.has).length;
    };
    const nearest = event => {
      const box = plot.getBoundingClientRect();
      const [across, down] = [event.clientX - box.left, event.clientY - box.top];
      const { one, of, x, y } = space;
      const apart = i => Math.abs(x(i) - across) + (one.has(i) ? 0.1 * Math.abs(y(one.value(i)) - down) : 20);
      return of.reduce((best, residue) => apart(residue) < apart(best) ? residue : best);
    };
    plot.addEventListener("click", event => choose(nearest(event)));
    plot.addEventListener("pointermove", event => {
      const residue = nearest(event);
      plot.title = `${model.words(residue)}: ${space.one.shown(residue)}`;
    });
    plot.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
      if (!step) return;
      event.preventDefault();
      const of = members.get(chains.value);
      const here = of.indexOf(chosen);
      choose(of[here < 0 ? 0 : Math.min(of.length - 1, Math.max(0, here + step))]);
    });

    // The residue that was chosen: in words, in the table, in the plot, in the map.

    const sentence = one => {
      const value = element("strong", {}, one.has(chosen) ? `${one.label} ${one.shown(chosen)}${one.unit && ` ${one.unit}`}` : one.label);
      const valued = every.filter(one.has);
      if (!one.has(chosen)) return [value, ": none for this residue."];
      if (one.words) {
        const like = valued.filter(i => one.value(i) === one.value(chosen)).length;
        return [value, ` (${one.description}): so are ${like.toLocaleString("en")} of ${valued.length.toLocaleString("en")}.`];
      }
      const sign = one.best > one.worst ? 1 : -1;
      const worse = valued.filter(i => sign * (one.value(chosen) - one.value(i)) > 0).length;
      const better = valued.filter(i => sign * (one.value(i) - one.value(chosen)) > 0).length;
      const rank = !better ? "the best" : worse ? `${ordinal(worse + 1)} from the worst` : "the worst";
      return [value, ` (${one.description}): ${rank} of ${valued.length.toLocaleString("en")}.`];
    };
    const choose = (residue, from = null) => {
      chosen = residue;
      const items = model.scores.map(one => element("li", {}, ...sentence(one)));
      part("said").replaceChildren(element("strong", {}, model.words(residue)), ` (${model.kind(residue)})`);
      part("said").after(element("ul", { class: "of-residue" }, ...items));
      $$(".of-residue", root).slice(1).forEach(old => old.remove());
      chains.value = model.chain(residue);
      if (from !== table) reveal(shown.indexOf(residue));
      fill();
      drawPlot();
      view?.mark(residue);
      root.dataset.chosen = residue;
      status(`${model.words(residue)}: ${score().title} ${score().shown(residue)}`);
    };

    // The map with the model's trace.

    const holder = $(".place", root);
    const colours = () => {
      const painted = new Uint8Array(3 * model.count);
      const one = score();
      every.forEach(residue => painted.set(one.colour(residue), 3 * residue));
      return painted;
    };
    const steps = new Uint16Array(bytes(data.places).buffer);
    const places = Float32Array.from(steps, (step, i) => data.origin[i % 3] + step * data.step);
    const explain = () => {
      const [one, key] = [score(), $(".key", root)];
      if (!key) return;
      const turned = one.best < one.worst;
      $(".low", key).textContent = one.words ? "" : (turned ? one.best : one.worst).toPrecision(3);
      $(".high", key).textContent = one.words ? "" : (turned ? one.worst : one.best).toPrecision(3);
      const ramp = one.words ? one.colours.flatMap((colour, n, { length }) => [`${colour} ${n / length * 100}%`, `${colour} ${(n + 1) / length * 100}%`])
        : turned ? [...model.palette].reverse() : model.palette;
      $(".ramp", key).style.background = ramp.length ? `linear-gradient(to right, ${ramp.join(",")})` : "none";
      $(".of", key).textContent = one.words ? `${one.title}: ${one.words.join(", ")}; grey: none` : `${one.title}; grey: none`;
    };
    root.hidden = false;
    const trace = { places, joined, colours, pick: residue => choose(residue) };
    const view = holder && mesh ? turnSurface(holder, mesh, trace) : null;
    chooser.addEventListener("change", () => { drawPlot(); explain(); view?.paint(colours()); if (chosen >= 0) fill(); });
    chains.addEventListener("change", drawPlot);
    search.addEventListener("input", find);
    find();
    explain();
    new ResizeObserver(() => { drawPlot(); fill(); }).observe(root);
    repaint.push(drawPlot);
    root.dataset.ready = "true";
  };

  const slices = block("data-slices");
  if (slices) once($("#slices").parentElement, () => browseSlices($("#slices"), slices));
  const surface = block("data-surface");
  if (surface) once($("#surface").parentElement, () => turnSurface($("#surface"), surface));
  const residues = $("#residues-view");
  if (residues) once(residues.parentElement, () => browseResidues(residues, block("data-residues"), surface));
})();
