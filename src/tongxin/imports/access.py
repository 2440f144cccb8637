"""Who may import: those who may write what is imported, within their areas."""

from tongxin.people.access import MAY_EDIT_PEOPLE
from tongxin.places.access import MAY_EDIT_PLACES

MAY_IMPORT = MAY_EDIT_PEOPLE & MAY_EDIT_PLACES
