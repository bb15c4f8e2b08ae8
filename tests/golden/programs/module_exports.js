const table = { double: (x) => x * 2 };
export const helper = (x) => table.double(x) + 1;
export function named() { return 'named'; }
export default async function (input, context) { return [helper(input.n), named(), context.functionId, typeof context.requestId, this === undefined]; }
