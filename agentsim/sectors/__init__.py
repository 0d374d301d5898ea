"""The sectors of the market: what each kind of firm has, as arrays with runs last."""
