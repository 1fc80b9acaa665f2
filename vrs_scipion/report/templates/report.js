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
    uniform vec3 ground; uniform float ambient; uniform float fog;
    varying vec3 facing; varying vec3 paint; varying float depth;
    void main() {
      vec3 n = normalize(facing);
      if (!gl_FrontFacing) n = -n;
      float key = max(dot(n, normalize(vec3(-0.6, 0.8, 1.0))), 0.0);
      float fill = max(dot(n, normalize(vec3(0.8, -0.2, 1.0))), 0.0);
      vec3 lit = paint * min(ambient + (1.0 - ambient) * (0.78 * key + 0.34 * fill), 1.0);
      gl_FragColor = vec4(mix(lit, ground, fog * clamp(0.5 - 0.5 * depth, 0.0, 1.0)), 1.0);
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
    return { places, normals, triangles, half: half * mesh.step };
  };

  const turnSurface = (root, mesh) => {
    const canvas = $("canvas", root);
    const gl = canvas.getContext("webgl", { antialias: true, preserveDrawingBuffer: true });
    if (!gl) {
      root.replaceChildren(element("p", { class: "quiet" },
        "This browser draws no 3D here: the picture of the isosurface below shows three directions."));
      root.hidden = false;
      return;
    }
    const { places, normals, triangles, half } = geometry(mesh);
    const compiled = (kind, source) => {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      return shader;
    };
    const program = gl.createProgram();
    gl.attachShader(program, compiled(gl.VERTEX_SHADER, VERTEX));
    gl.attachShader(program, compiled(gl.FRAGMENT_SHADER, FRAGMENT));
    gl.linkProgram(program);
    gl.useProgram(program);
    const buffer = (target, values) => {
      const made = gl.createBuffer();
      gl.bindBuffer(target, made);
      gl.bufferData(target, values, gl.STATIC_DRAW);
      return made;
    };
    const attribute = (name, kind, normalised) => {
      const place = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, 3, kind, normalised, 0, 0);
    };
    buffer(gl.ARRAY_BUFFER, places); attribute("place", gl.FLOAT, false);
    buffer(gl.ARRAY_BUFFER, normals); attribute("normal", gl.FLOAT, false);
    const colours = gl.createBuffer();
    buffer(gl.ELEMENT_ARRAY_BUFFER, triangles);
    const uniform = name => gl.getUniformLocation(program, name);
    const places_ = { turn: uniform("turn"), scale: uniform("scale"), shift: uniform("shift"),
      ground: uniform("ground"), ambient: uniform("ambient"), fog: uniform("fog") };
    gl.enable(gl.DEPTH_TEST);

    const palette = mesh.palette.map(hex);
    const shade = share => {
      const place = share * (palette.length - 1);
      const first = Math.min(Math.floor(place), palette.length - 2);
      return [0, 1, 2].map(k => palette[first][k] + (place - first) * (palette[first + 1][k] - palette[first][k]));
    };
    const chooser = $("select", root);
    const key = $(".key", root);
    let [turn, zoom, shift, spinning, painted] = [mesh.views[2], 1, [0, 0], false, null];

    const colour = () => {
      painted = chooser.value === "" ? null : mesh.paints[Number(chooser.value)];
      const values = new Uint8Array(places.length);
      const steps = painted && bytes(painted.values);
      const table = Array.from({ length: 256 }, (_, step) => step ? shade((step - 1) / 254) : hex(mesh.blank));
      for (let corner = 0; corner < places.length / 3; corner++) {
        values.set(painted ? table[steps[corner]] : hex(mesh.plain), 3 * corner);
      }
      gl.bindBuffer(gl.ARRAY_BUFFER, colours);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
      attribute("colour", gl.UNSIGNED_BYTE, true);
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
      const [right, up, towards] = [turn.slice(0, 3), turn.slice(3, 6), turn.slice(6, 9)];
      gl.uniformMatrix3fv(places_.turn, false, [0, 1, 2].flatMap(k => [right[k], up[k], towards[k]]));
      gl.uniform2f(places_.scale, edge / width, edge / height);
      gl.uniform2f(places_.shift, ...shift);
      gl.uniform3f(places_.ground, ...ground);
      gl.uniform1f(places_.ambient, painted ? 0.5 : 0.18);
      gl.uniform1f(places_.fog, painted ? 0.15 : 0.45);
      gl.drawElements(gl.TRIANGLES, triangles.length, gl.UNSIGNED_SHORT, 0);
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
    mesh.paints.forEach((paint, place) => chooser.append(element("option", { value: place }, paint.label)));
    chooser.closest("label").hidden = !mesh.paints.length;
    chooser.addEventListener("change", () => { colour(); redraw(); });
    canvas.addEventListener("webglcontextlost", event => event.preventDefault());
    root.hidden = false;
    colour();
    draw();
    new ResizeObserver(redraw).observe(canvas);
    repaint.push(redraw);
    root.dataset.ready = "true";
  };

  const slices = block("data-slices");
  if (slices) once($("#slices").parentElement, () => browseSlices($("#slices"), slices));
  const surface = block("data-surface");
  if (surface) once($("#surface").parentElement, () => turnSurface($("#surface"), surface));
})();
