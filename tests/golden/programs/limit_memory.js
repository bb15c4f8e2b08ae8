function main() { const kept = []; for (;;) kept.push(new Float64Array(1000), 'x'.repeat(100)); }
