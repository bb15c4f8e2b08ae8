export default (i,c)=>({...i,c,r:/(a+)b/.exec('aab')})
