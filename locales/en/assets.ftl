# What only `doorstep import assets` says. One sentence a line; the same ids and values in every language.

assets-site-name = the name of the site is longer than { $most } characters
assets-serial = another asset of this type and maker has the serial { $serial }: { $asset }
