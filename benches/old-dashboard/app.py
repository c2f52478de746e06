"""The plotting app that `trace-cli serve` replaced, in the least that shows a CSV the same way: a line over a map.

    python app.py FILE.csv PORT
"""

import sys

import dash
import pandas as pd
import plotly.express as px

frame = pd.read_csv(sys.argv[1]).sort_values(["ID", "HOP"])
# One line for all rows: the last hop of one trace is joined to the first of the next, as it was.
figure = px.line_geo(frame, lat="LATITUDE", lon="LONGITUDE", hover_name="CITY", hover_data=["IP", "HOP", "DATE_CREATED"])
figure.add_traces(px.scatter_geo(frame, lat="LATITUDE", lon="LONGITUDE", hover_name="CITY").data)

app = dash.Dash(__name__)
app.layout = dash.html.Div([dash.dcc.Graph(id="map", figure=figure, style={"height": "90vh"})])

if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[2]), debug=False)
