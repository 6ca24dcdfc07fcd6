"""Names in LOGS_DIR that more than one service knows."""

METRIC_LOG = "metric_log.csv"
METRIC_LOG_COLUMNS = ("id", "y_true", "y_pred", "absolute_error")
METRIC_STATE = "metric_state.sqlite3"
