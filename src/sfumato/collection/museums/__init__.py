"""Works in the public domain from museums that give them away: what each calls its fields, and how it is asked."""
