function*g(){yield*[1,2,3]}function main(){return [...g(),...new Uint8Array([1,2]).map(x=>x*2),Reflect.ownKeys(new Proxy({a:1},{}))]}
