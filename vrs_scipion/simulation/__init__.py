"""Maps simulated with known truth."""
