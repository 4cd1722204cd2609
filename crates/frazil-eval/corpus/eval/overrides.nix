rec { b = a; a = 1; __overrides = { a = 2; }; ${"c" + ""} = b; }
