"""What scores say: intervals over scenes, differences, tables, plots and error maps. All are made from results."""
