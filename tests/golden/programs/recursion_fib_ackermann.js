function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
function ackermann(m, n) { return m === 0 ? n + 1 : n === 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }
function hanoi(n, a, b, c) { return n === 0 ? 0 : hanoi(n - 1, a, c, b) + 1 + hanoi(n - 1, c, b, a); }
function main() { return [fib(20), ackermann(2, 6), hanoi(10, 'a', 'b', 'c')]; }
