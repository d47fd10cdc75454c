# What `doorstep seed` says.
seed-firm = places and people
seed-assets = assets
seed-orders = orders
seed-inspections = inspections
seed-complaints = complaints
seed-assignments = orders given to somebody
seed-progress = { $what }: { $done }, { $percent } %
seed-stopping = Stopping after this chunk. Once more to stop at once; either way the next run goes on here.
seed-stopped = Stopped. Run the command again to go on.
seed-made = The organisation `{ $slug }` has { $orders } orders, { $inspections } inspections, { $complaints } complaints, { $assets } assets and { $technicians } technicians.
