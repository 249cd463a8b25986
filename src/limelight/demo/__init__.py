"""`limelight demo`: real models, trained on the spot, asked why about a table's row, a text and an image."""
