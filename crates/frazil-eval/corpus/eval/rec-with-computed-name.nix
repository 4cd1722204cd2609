rec { zzz = 1; c = zzz; ${"na" + "me"} = 2; d = name or c; }
