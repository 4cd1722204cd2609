{ a.b = 1; a = { c = 2; inherit (x) d; }; "q r" = 3; ${k}.l = 4; inherit y z; }
