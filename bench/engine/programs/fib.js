/* expect: 2178309 */
function fib(n) {
    return n < 2 ? 1 : fib(n - 1) + fib(n - 2);
}

String(fib(31));
