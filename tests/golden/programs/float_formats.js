function main() {
    const rows = [];
    for (const value of [0, -1.5, 123.456, 1e21, 1e-7, 0.5, 2.5, 1.005, 99.995, 1234567.891, 255, NaN, -0.0001]) {
        rows.push([value.toFixed(2), value.toExponential(3), value.toPrecision(4), value.toString(2).slice(0, 40),
            value.toString(16), value.toString(36)]);
    }
    return rows;
}
