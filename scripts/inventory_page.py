def page(inventory, day): return ""
