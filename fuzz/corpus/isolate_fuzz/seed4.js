function main(){try{null.x}catch(e){log(e.stack);throw e}finally{console.warn(crypto.sha256('a'))}}
