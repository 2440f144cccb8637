"""Addresses of the desk's pages."""

from django.urls import path

from tongxin.desk import acts, bulletins, duties, figures, imports, organisations, pages, places, wall

urlpatterns = [
    path("", pages.tonight, name="tonight"),
    path("wall", wall.show, name="wall"),
    path("sign-in", pages.sign_in, name="sign_in"),
    path("sign-out", pages.sign_out, name="sign_out"),
    path("incident", pages.look, name="look"),
    path("matters", pages.matters, name="matters"),
    path("matters/<uuid:id_>/settle", acts.decide, {"act": "settle"}, name="settle"),
    path("matters/<uuid:id_>/approve", acts.decide, {"act": "approve"}, name="approve"),
    path("records/<int:position>/release", acts.judge, {"act": "release"}, name="release"),
    path("records/<int:position>/correct", acts.correct, name="correct"),
    path("records/<int:position>/withdraw", acts.judge, {"act": "withdraw"}, name="withdraw"),
    path("quarantine", pages.quarantine, name="quarantine"),
    path("search", pages.find, name="search"),
    path("places", places.listed, name="places"),
    path("places/<uuid:id_>", pages.place, name="place"),
    path("organisations", organisations.listed, name="organisations"),
    path("organisations/<uuid:id_>", organisations.organisation, name="organisation"),
    path("duties", duties.duties, name="duties"),
    path("orders", pages.orders, name="orders"),
    path("orders/<uuid:id_>", pages.order, name="order"),
    path("figures", figures.figures, name="figures"),
    path("figures.<str:kind>", figures.take_all, name="take_figures"),
    path("figures/<str:key>", figures.figure, name="figure"),
    path("figures/<str:key>/table.<str:kind>", figures.take, name="take_figure"),
    path("records/<int:position>", pages.record, name="record"),
    path("bulletins", bulletins.issues, name="bulletins"),
    path("bulletins/next", bulletins.compose, name="compose"),
    path("bulletins/<uuid:id_>", bulletins.issue, name="bulletin"),
    path("bulletins/<uuid:id_>/review", bulletins.review, name="review"),
    path("bulletins/<uuid:id_>/publish", bulletins.publish, name="publish"),
    path("pictures/<uuid:id_>", bulletins.picture, name="picture"),
    path("import", imports.upload, name="import"),
    path("import/<uuid:id_>", imports.look, name="import_file"),
    path("import/<uuid:id_>/report", imports.report, name="import_report"),
]
