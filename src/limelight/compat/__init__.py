"""Other packages' words for what limelight does: change one import and keep the code."""
