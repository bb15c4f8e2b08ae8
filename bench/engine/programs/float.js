/* expect: 0.024974276 15442 */
function nbody(steps) {
    const bodies = [
        [0, 0, 0, 0, 0, 0, 39.47],
        [4.84, -1.16, -0.1, 0.6, 2.81, -0.02, 0.037],
        [8.34, 4.12, -0.4, -1.01, 1.82, 0.008, 0.011],
        [12.89, -15.11, -0.22, 1.08, 0.86, -0.01, 0.0017],
        [15.37, -25.9, 0.17, 0.97, 0.59, -0.03, 0.002],
    ];
    const dt = 0.01;
    for (let step = 0; step < steps; step++) {
        for (let i = 0; i < 5; i++) {
            const a = bodies[i];
            for (let j = i + 1; j < 5; j++) {
                const b = bodies[j];
                const dx = a[0] - b[0];
                const dy = a[1] - b[1];
                const dz = a[2] - b[2];
                const d2 = dx * dx + dy * dy + dz * dz;
                const mag = dt / (d2 * Math.sqrt(d2));
                a[3] -= dx * b[6] * mag;
                a[4] -= dy * b[6] * mag;
                a[5] -= dz * b[6] * mag;
                b[3] += dx * a[6] * mag;
                b[4] += dy * a[6] * mag;
                b[5] += dz * a[6] * mag;
            }
        }
        for (const a of bodies) {
            a[0] += dt * a[3];
            a[1] += dt * a[4];
            a[2] += dt * a[5];
        }
    }
    return bodies[0][0];
}

function mandelbrot(size) {
    let inside = 0;
    for (let py = 0; py < size; py++) {
        for (let px = 0; px < size; px++) {
            const cx = (2.5 * px) / size - 2;
            const cy = (2 * py) / size - 1;
            let x = 0;
            let y = 0;
            let n = 0;
            while (x * x + y * y <= 4 && n < 50) {
                const t = x * x - y * y + cx;
                y = 2 * x * y + cy;
                x = t;
                n++;
            }
            inside += n === 50 ? 1 : 0;
        }
    }
    return inside;
}

nbody(5000).toFixed(9) + ' ' + mandelbrot(220);
