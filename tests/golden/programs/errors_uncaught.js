function inner(value) {
    if (value > 2) {
        throw new RangeError(`value ${value} is too large`);
    }
    return inner(value + 1);
}
function main() { return inner(0); }
