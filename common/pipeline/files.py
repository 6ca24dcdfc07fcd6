"""Names of files in LOGS_DIR that more than one service uses."""

METRIC_LOG = "metric_log.csv"
METRIC_LOG_COLUMNS = ("id", "y_true", "y_pred", "absolute_error")
METRIC_STATE = "metric_state.sqlite3"
METRIC_LOG_SHADOW = "metric_log_shadow.csv"  # of the shadow model
METRIC_LOG_SHADOW_COLUMNS = (
    *METRIC_LOG_COLUMNS,
    "model_id",
    "live_model_id",
    "live_absolute_error",
)
HALF_BRIER_COLUMNS = ("half_brier", "live_half_brier")  # follow them, if classes are predicted
