const ready = await Promise.resolve(41);
export default () => ready + 1;
