function main(input) {
    const list = [5, 1, 4, 1, 5, 9, 2, 6];
    return [list.map((x) => x * 2), list.filter((x) => x > 3), list.reduce((a, b) => a + b), list.reduceRight((a, b) => a + '-' + b), list.indexOf(5, 1),
        list.lastIndexOf(1), list.includes(9), list.find((x) => x > 5), list.findIndex((x) => x > 5), list.findLast((x) => x > 5), list.slice(-3, -1),
        [...list].splice(2, 3, 'a', 'b'), list.concat([1], [[2]]), [1, [2, [3, [4]]]].flat(Infinity), list.flatMap((x) => x > 4 ? [x, x] : []), list.join('/'),
        [...list].reverse(), [...list].copyWithin(0, 4), Array(3).fill(7), list.at(-2), list.every(Number.isInteger), list.some((x) => x < 0), list.toSorted(),
        list.toReversed(), list.with(0, 99), list.toSpliced(1, 2, 'n'), [...list.keys()], [...list.entries()].length, Array.of(1, 2), Array.from({ length: 3 }, (_, i) => i * i),
        [, 1, , 2].length, Object.keys([, 1, , 2]), [3, 2, 1].sort().unshift(0), input.list.push(4), [1, 2, 3].pop(), [1, 2, 3].shift()];
}
