"""`python -m pipeline`: hands over to the package `pipeline_cli`, which the services do without."""

import sys

if __name__ == "__main__":
    try:
        from pipeline_cli.main import main
    except ModuleNotFoundError as error:
        sys.exit(f"{error}: `make run` installs the commands into .venv, Docker has them, too")
    sys.exit(main())
