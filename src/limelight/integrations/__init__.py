"""Where limelight meets other tools: scikit-learn's pipelines and MLflow's runs.

Import what you need by its full name, `limelight.integrations.features` or `limelight.integrations.tracking`; nothing
here is imported by `import limelight`.
"""
