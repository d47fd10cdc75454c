# What only `doorstep import complaint-classes` says. One sentence a line; the same ids and values in every language.

classes-repeated = { $path } stands in several lines: { $lines }
classes-circle = the class is part of itself: { $path }
classes-no-parent = there is no class { $parent }, neither in the file nor here
