let a = 1; inherit (b) c; in with d; assert e; if f then rec { g = 1; } else let { body = __curPos; }
