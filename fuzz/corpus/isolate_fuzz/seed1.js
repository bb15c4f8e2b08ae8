async function main(i){await new Promise(r=>setTimeout(r,5));return [i,SECRETS.KEY]}
